// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/umh_test: makes the kernel's calls to user space that nothing in a
 * guest triggers, with any words, any environment and any way of waiting.
 *
 * One write is one request: a line, then words that each end in NUL.
 *
 *   call WAIT ARGC\n PATH\0 ARG\0 * ARGC, VAR\0 ...   call_usermodehelper()
 *   module WAIT\n NAME\0                              __request_module()
 *   poweroff FORCE\n                                  orderly_poweroff()
 *   reboot\n                                          orderly_reboot()
 *   leak\n                                            memory that nobody knows of
 *
 * With refuse=ERRNO it does not load.
 *
 * The write returns when the call does. A read of the same open file then
 * gives, in decimal, its result (0, -errno, or a wait status) and the cycles
 * from its first instruction to its return (0 where nothing counts them).
 */

#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/proc_fs.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/timex.h>
#include <linux/uaccess.h>
#include <linux/umh.h>

#define REQUEST_MAX (256 * 1024)
#define WORDS_MAX 512

static int refuse;
module_param(refuse, int, 0);
MODULE_PARM_DESC(refuse, "error number with which loading fails");

/* What a read tells of the last write. */
struct answer {
	int result;
	u64 cycles;
};

/* What a call of UMH_NO_WAIT still needs after the write has returned. */
struct call {
	char *text;
	char *argv[WORDS_MAX + 1];
	char *envp[WORDS_MAX + 1];
};

static void call_free(struct call *call)
{
	kvfree(call->text);
	kvfree(call);
}

static void call_cleanup(struct subprocess_info *info)
{
	call_free(info->data);
}

/* The word at *next, which then points behind it; NULL at the end. */
static char *word(char **next, char *end)
{
	char *start = *next;

	if (start >= end)
		return NULL;
	*next = start + strnlen(start, end - start) + 1;
	return start;
}

static int make_call(struct answer *answer, char *text, char *next, char *end, int wait,
		     unsigned int argc)
{
	struct subprocess_info *info;
	struct call *call;
	char *path = word(&next, end);
	cycles_t begin;
	unsigned int i;
	int result;

	call = kvzalloc(sizeof(*call), GFP_KERNEL);
	if (!call || !path || argc > WORDS_MAX) {
		kvfree(text);
		kvfree(call);
		return -EINVAL;
	}
	call->text = text;
	for (i = 0; i < argc; i++)
		call->argv[i] = word(&next, end);
	for (i = 0; i < WORDS_MAX; i++)
		call->envp[i] = word(&next, end);

	begin = get_cycles();
	info = call_usermodehelper_setup(path, call->argv, call->envp, GFP_KERNEL,
					 NULL, call_cleanup, call);
	if (!info) {
		call_free(call);
		return -ENOMEM;
	}
	result = call_usermodehelper_exec(info, wait);
	answer->cycles = get_cycles() - begin;
	return result;
}

/* More than one: a word that was left on some stack may point at one of them. */
static noinline int umh_test_leak(void)
{
	int i;

	for (i = 0; i < 16; i++)
		if (!kmalloc(64, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static int obey(struct answer *answer, char *text, size_t size)
{
	char *end = text + size;
	char *words = memchr(text, '\n', size);
	cycles_t begin;
	unsigned int argc;
	int wait, result;

	if (!words) {
		kvfree(text);
		return -EINVAL;
	}
	*words++ = '\0';

	if (sscanf(text, "call %d %u", &wait, &argc) == 2)
		return make_call(answer, text, words, end, wait, argc);

	result = 0;
	if (sscanf(text, "module %d", &wait) == 1) {
		begin = get_cycles();
		result = __request_module(wait, "%s", words);
		answer->cycles = get_cycles() - begin;
	} else if (sscanf(text, "poweroff %d", &wait) == 1) {
		orderly_poweroff(wait);
	} else if (!strcmp(text, "reboot")) {
		orderly_reboot();
	} else if (!strcmp(text, "leak")) {
		result = umh_test_leak();
	} else {
		result = -EINVAL;
	}
	kvfree(text);
	return result;
}

static ssize_t umh_test_write(struct file *file, const char __user *buffer, size_t size, loff_t *pos)
{
	struct answer *answer = file->private_data;
	char *text;

	if (size > REQUEST_MAX)
		return -E2BIG;
	text = kvmalloc(size + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (copy_from_user(text, buffer, size)) {
		kvfree(text);
		return -EFAULT;
	}
	text[size] = '\0';

	answer->cycles = 0;
	answer->result = obey(answer, text, size);
	return size;
}

static ssize_t umh_test_read(struct file *file, char __user *buffer, size_t size, loff_t *pos)
{
	struct answer *answer = file->private_data;
	char text[40];
	int length = scnprintf(text, sizeof(text), "%d %llu\n", answer->result, answer->cycles);

	/* Writing leaves *pos alone, so the result is read from its beginning. */
	return simple_read_from_buffer(buffer, size, pos, text, length);
}

static int umh_test_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct answer), GFP_KERNEL);
	return file->private_data ? 0 : -ENOMEM;
}

static int umh_test_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct proc_ops umh_test_ops = {
	.proc_open = umh_test_open,
	.proc_read = umh_test_read,
	.proc_write = umh_test_write,
	.proc_lseek = noop_llseek,
	.proc_release = umh_test_release,
};

static int __init umh_test_init(void)
{
	if (refuse) {
		pr_err("umh_test: refuses as it is told\n");
		return -refuse;
	}
	return proc_create("umh_test", 0600, NULL, &umh_test_ops) ? 0 : -ENOMEM;
}

static void __exit umh_test_exit(void)
{
	remove_proc_entry("umh_test", NULL);
}

module_init(umh_test_init);
module_exit(umh_test_exit);
MODULE_DESCRIPTION("Makes any call to user space, for the tests of umh");
MODULE_LICENSE("GPL");
