// What /etc says inside. The host's is nobody's business there.
#include "cage.h"

static const char passwd[] = "root:x:0:0:root:/:/usr/sbin/nologin\n"
                             "worker:x:1000:1000:worker:/home/worker:/bin/sh\n"
                             "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
static const char group[] = "root:x:0:\nworker:x:1000:\nnogroup:x:65534:\n";
static const char hosts[] = "127.0.0.1 localhost aura\n::1 localhost\n";
// No daemon to ask: names come from the files above, or with the host's network from its resolver.
#define NSSWITCH(hosts)                                                                           \
    "passwd: files\ngroup: files\nshadow: files\nhosts: " hosts "\n"                              \
    "services: files\nprotocols: files\n"
// Inside, files of other host users belong to nobody, which git would call dubious ownership.
// A repository's own configuration can name programs; these two are the ones git runs unasked.
static const char gitconfig[] = "[user]\n\tname = aura\n\temail = aura@localhost\n"
                                "[safe]\n\tdirectory = *\n"
                                "[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n"
                                "[gc]\n\tautoDetach = false\n"
                                "[init]\n\tdefaultBranch = main\n"
                                "[advice]\n\tdetachedHead = false\n";

static const struct etc_file alone[] = {
    {"etc/passwd", passwd},       {"etc/group", group},
    {"etc/gitconfig", gitconfig}, {"etc/nsswitch.conf", NSSWITCH("files")},
    {"etc/hosts", hosts},         {NULL, NULL},
};
static const struct etc_file connected[] = {
    {"etc/passwd", passwd},
    {"etc/group", group},
    {"etc/gitconfig", gitconfig},
    {"etc/nsswitch.conf", NSSWITCH("files dns")},
    {NULL, NULL},
};

const struct etc_file *etc_files(int network) { return network ? connected : alone; }
