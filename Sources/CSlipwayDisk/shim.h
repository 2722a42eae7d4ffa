// GNU extensions of glibc that Swift's Glibc module does not show, because it is built without _GNU_SOURCE.
#ifndef C_SLIPWAY_DISK_H
#define C_SLIPWAY_DISK_H

extern int syncfs(int descriptor);
extern int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags);

/// The flag value of RENAME_NOREPLACE in Linux's ABI.
#define SLIPWAY_RENAME_NOREPLACE 1u
/// The flag value of RENAME_EXCHANGE.
#define SLIPWAY_RENAME_EXCHANGE 2u

#endif
