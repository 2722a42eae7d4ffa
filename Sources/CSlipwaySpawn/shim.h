// GNU extensions of glibc (2.34 and later) that Swift's Glibc module does not show, because it is built without _GNU_SOURCE.
#ifndef C_SLIPWAY_SPAWN_H
#define C_SLIPWAY_SPAWN_H

#include <spawn.h>
#include <sys/types.h>

/// The flag value of POSIX_SPAWN_SETSID in glibc's ABI.
#define SLIPWAY_SPAWN_SETSID 0x80

extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int pidfd_open(pid_t pid, unsigned int flags);

#endif
