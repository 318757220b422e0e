/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bindgen reads besides rust/bindings/bindings_helper.h: the C half of
 * what this folder calls. Sorted alphabetically, as there.
 */

#include <kunit/test.h>
#include <linux/async.h>
#include <linux/binfmts.h>
#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/initrd.h>
#include <linux/key.h>
#include <linux/kmod.h>
#include <linux/kobject.h>
#include <linux/pipe_fs_i.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/semaphore.h>
#include <linux/signal.h>
#include <linux/sysctl.h>
#include <linux/umh.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "glue.h"
