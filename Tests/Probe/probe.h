// What the parts of the probe share: each part tries its kind of way out and judges what came of it.
#pragma once
#include <errno.h>
#include <sys/socket.h>

// What the test outside has given to be reached: see probe.c.
extern const char *secret, *state, *unix_path, *abstract_name;
extern int victim, port;
// Whether this is a worker's cage.
extern int worker;

void judge(const char *name, int success);
void works(const char *name, int success);

// `success` is the escape's own success.
#define ATTEMPT(name, success) (errno = 0, judge(name, (success)))

int can_open(const char *path, int flags);
int can_read(const char *path);
int can_list(const char *path, const char *except);
int can_connect(int family, const void *address, socklen_t length, int type);
#ifdef __x86_64__
int survives(int x32);
#endif

void try_files(void);
void try_mounts(void);
void try_processes(void);
void try_leaks(void);
void try_network(void);
void try_kernel(void);
void try_privileges(void);
