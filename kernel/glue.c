// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Rust cannot reach by itself: static initialisers, inline functions and
 * macros, a variadic function, a tracepoint. No decision is made here.
 */

#include <linux/export.h>
#include <linux/freezer.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <trace/events/module.h>

#include "../module/internal.h"
#include "glue.h"

DECLARE_RWSEM(umh_sem);
DECLARE_WAIT_QUEUE_HEAD(umh_running_waitq);
DECLARE_WAIT_QUEUE_HEAD(umh_depth_waitq);

struct umh_call *umh_call_alloc(gfp_t gfp, work_func_t func, size_t room)
{
	struct umh_call *call = kmalloc(sizeof(*call) + room, gfp);

	/* What lies behind is written when somebody waits. */
	if (call) {
		memset(&call->info, 0, sizeof(call->info));
		INIT_WORK(&call->info.work, func);
	}
	return call;
}

void umh_init_completion(struct completion *done)
{
	init_completion(done);
}

void umh_default_signals(void)
{
	spin_lock_irq(&current->sighand->siglock);
	flush_signal_handlers(current, 1);
	spin_unlock_irq(&current->sighand->siglock);
}

void umh_try_to_freeze(void)
{
	try_to_freeze();
}

bool umh_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}

#ifdef CONFIG_MODULES
/* module.rs has the number once more. */
static_assert(KMOD_PATH_LEN == 256);

/* MAX_KMOD_CONCURRENT; kmod.rs holds it against umh-core's number. */
DEFINE_SEMAPHORE(umh_kmod_slots, 50);
DECLARE_WAIT_QUEUE_HEAD(umh_duplicates_waitq);
DEFINE_MUTEX(umh_duplicates_lock);

int __request_module(bool wait, const char *fmt, ...)
{
	char name[MODULE_NAME_LEN];
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	/* A name that was cut off is passed with its NUL: one byte too long. */
	return umh_request_module(wait, name, min_t(size_t, length, sizeof(name)), _RET_IP_);
}
EXPORT_SYMBOL(__request_module);

int umh_security_request(char *name)
{
	return security_kernel_module_request(name);
}

void umh_warn_async(void)
{
	WARN_ON_ONCE(1);
}

void umh_warn_busy(const char *name, unsigned int slots, unsigned int seconds)
{
	pr_warn_ratelimited("request_module: modprobe %s cannot be processed, kmod busy with %d threads for more than %d seconds now",
			    name, slots, seconds);
}

bool umh_trace_request_enabled(void)
{
	return trace_module_request_enabled();
}

void umh_trace_request(char *name, bool wait, unsigned long caller)
{
	trace_module_request(name, wait, caller);
}
#endif /* CONFIG_MODULES */

#ifdef CONFIG_UEVENT_HELPER
bool umh_is_initial_namespace(struct kobject *kobj)
{
	const struct kobj_ns_type_operations *ops = kobj_ns_ops(kobj);

	return !ops || kobj->ktype->namespace(kobj) == ops->initial_ns();
}
#endif
