/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * glue.c: what Rust cannot reach by itself. Read by C and, through bindings.h,
 * by bindgen, so that both sides are held against the same declarations.
 */

#ifndef _KERNEL_UMH_GLUE_H
#define _KERNEL_UMH_GLUE_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/umh.h>
#include <linux/wait.h>

struct file;
struct key;

/*
 * A call in memory: what callers in C see of it and, behind that, what they do
 * not. Only call_usermodehelper_setup() makes one.
 */
struct umh_call {
	struct subprocess_info info;
	struct completion done;
	/* Room for umh_core::handoff::Handoff. */
	unsigned long handoff;
};

/* Statics that must be right before the first initcall. */
extern struct rw_semaphore umh_sem;
extern struct wait_queue_head umh_running_waitq;
extern struct wait_queue_head umh_depth_waitq;
extern struct wait_queue_head umh_duplicates_waitq;
extern struct semaphore umh_kmod_slots;
extern struct mutex umh_duplicates_lock;

/* Inline functions and macros. */
struct umh_call *umh_call_alloc(gfp_t gfp, work_func_t func, size_t room);
void umh_init_completion(struct completion *done);
void umh_default_signals(void);
void umh_try_to_freeze(void);
bool umh_fatal_signal_pending(void);

/* kernel/module/kmod.c; umh_request_module() is kmod.rs. */
int umh_request_module(bool wait, const char *name, size_t size, unsigned long caller);
int umh_security_request(char *name);
void umh_warn_async(void);
void umh_warn_busy(const char *name, unsigned int slots, unsigned int seconds);
bool umh_trace_request_enabled(void);
void umh_trace_request(char *name, bool wait, unsigned long caller);

/* lib/kobject_uevent.c calls uevent.rs, and gives env away. */
int umh_uevent_helper(struct kobject *kobj, const char *subsystem,
		      struct kobj_uevent_env *env, int retval);
bool umh_is_initial_namespace(struct kobject *kobj);

/* For command.rs, on either kernel. */
int umh_stdin_pipe(struct file **writer);
int umh_session_keyring(struct cred *cred, struct key *keyring);

#endif /* _KERNEL_UMH_GLUE_H */
