// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a caller's `init` does in the new process, for modules: the functions
 * behind it are not exported, in C they have callers inside the kernel only.
 */

#include <linux/export.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pipe_fs_i.h>

#include "../../security/keys/internal.h"
#include "glue.h"

/* Descriptor 0 becomes the reading end of a pipe; *writer is the other. */
int umh_stdin_pipe(struct file **writer)
{
	struct file *files[2];
	int err = create_pipe_files(files, 0);

	if (err)
		return err;
	err = replace_fd(0, files[0], 0);
	fput(files[0]);
	if (err < 0) {
		fput(files[1]);
		return err;
	}
	*writer = files[1];
	return 0;
}
EXPORT_SYMBOL_GPL(umh_stdin_pipe);

int umh_session_keyring(struct cred *cred, struct key *keyring)
{
	return install_session_keyring_to_cred(cred, keyring);
}
EXPORT_SYMBOL_GPL(umh_session_keyring);
