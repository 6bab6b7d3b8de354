// Tells what a program in a cage sees of itself: descriptors, variables, directory, root, mounts,
// status. With an argument it makes a file of that name first, or says why it cannot.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void list(const char *path)
{
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
        printf("%s: %s\n", path, entry->d_name);
    if (directory != NULL)
        closedir(directory);
}

static void show(const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        fputs(line, stdout);
    if (file != NULL)
        fclose(file);
}

int main(int count, char **arguments)
{
    for (int fd = 0; fd < 64; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("descriptor: %d\n", fd);
    if (count > 1) {
        int fd = open(arguments[1], O_CREAT | O_WRONLY, 0600);
        printf("%s: %s\n", arguments[1], fd < 0 ? strerror(errno) : "made");
    }
    for (char **entry = environ; *entry != NULL; entry++)
        puts(*entry);
    char directory[4096];
    printf("directory: %s\n", getcwd(directory, sizeof directory));
    list("/");
    list(".");
    show("/proc/self/mountinfo");
    show("/proc/self/status");
    return 7;
}
