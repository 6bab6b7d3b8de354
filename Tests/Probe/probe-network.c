// Sockets of every kind, to everywhere.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include "probe.h"

int can_connect(int family, const void *address, socklen_t length, int type)
{
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    int result = connect(fd, address, length);
    if (result == 0 && type == SOCK_DGRAM)
        result = send(fd, "x", 1, 0) == 1 ? 0 : -1;
    int error = errno;
    close(fd);
    errno = error;
    return result == 0;
}

static int can_connect_inet(const char *host, int to, int type)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to)};
    inet_pton(AF_INET, host, &address.sin_addr);
    return can_connect(AF_INET, &address, sizeof address, type);
}

static int can_connect_unix(const char *name, int is_abstract, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(address.sun_path + is_abstract, name, length);
    return can_connect(AF_UNIX, &address,
                       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1),
                       type);
}

static int can_socket(long family, long type, long protocol)
{
    return syscall(SYS_socket, family, type, protocol) >= 0;
}

void try_network(void)
{
    ATTEMPT("connect-listener", can_connect_inet("127.0.0.1", port, SOCK_STREAM));
    ATTEMPT("connect-documentation-net", can_connect_inet("192.0.2.1", 80, SOCK_STREAM));
    ATTEMPT("connect-metadata", can_connect_inet("169.254.169.254", 80, SOCK_STREAM));
    ATTEMPT("send-dns", can_connect_inet("192.0.2.53", 53, SOCK_DGRAM));
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
    ATTEMPT("connect-six", can_connect(AF_INET6, &six, sizeof six, SOCK_STREAM));
    ATTEMPT("unix-path", can_connect_unix(unix_path, 0, SOCK_STREAM));
    ATTEMPT("unix-abstract", can_connect_unix(abstract_name, 1, SOCK_STREAM));
    ATTEMPT("docker-socket", can_connect_unix("/run/docker.sock", 0, SOCK_STREAM));
    ATTEMPT("journal-socket", can_connect_unix("/run/systemd/journal/socket", 0, SOCK_DGRAM));
    ATTEMPT("notify-socket", can_connect_unix("/run/systemd/notify", 0, SOCK_DGRAM));
    ATTEMPT("raw-socket", can_socket(AF_INET, SOCK_RAW, 1));
    ATTEMPT("packet-socket", can_socket(17, SOCK_RAW, 0));
    ATTEMPT("netlink-socket", can_socket(16, SOCK_RAW, 0));
    ATTEMPT("vsock-socket", can_socket(40, SOCK_STREAM, 0));
    ATTEMPT("vsock-high-bits", can_socket(0x100000028, SOCK_STREAM, 0));
    ATTEMPT("netlink-high-bits", can_socket(0x100000010, SOCK_RAW, 0));
    ATTEMPT("alg-socket", can_socket(38, SOCK_SEQPACKET, 0));
    int odd = 0;
    for (int family = 0; family < 256; family++)
        if (family != 1 && family != 2 && family != 10)
            odd += can_socket(family, SOCK_STREAM, 0) || can_socket(family, SOCK_DGRAM, 0);
    ATTEMPT("odd-families", odd != 0);

    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = 0};
    ATTEMPT("interface-down", fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0);
    close(fd);
}
