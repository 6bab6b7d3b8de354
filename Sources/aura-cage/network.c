// The cage's own network: its loopback, and the listener of its proxy. There is nothing else in it.
#define _GNU_SOURCE
#include "cage.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void loopback_up(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        refuse("loopback", NULL, errno);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        refuse("loopback", NULL, errno);
    close(fd);
}

// Makes the proxy's listener in the cage's own network and hands it out: whoever connects to it is
// accepted by the daemon, and nothing inside serves. The program never holds either descriptor.
static void proxy_offer(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        refuse("proxy", NULL, errno);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(PROXY_PORT),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, PROXY_BACKLOG) != 0)
        refuse("proxy", NULL, errno);

    char byte = 0;
    struct iovec vector = {&byte, 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(first), &fd, sizeof fd);
    if (sendmsg(FD_BROKER, &message, MSG_NOSIGNAL) != 1)
        refuse("proxy", NULL, errno);
    close(fd);
    // As in a cage without one, from here on.
    if (dup2(STDIN_FILENO, FD_BROKER) < 0)
        refuse("proxy", NULL, errno);
}

void network_build(uint32_t flags)
{
    if (flags & FLAG_LOOPBACK)
        loopback_up();
    if (flags & FLAG_PROXY)
        proxy_offer();
}
