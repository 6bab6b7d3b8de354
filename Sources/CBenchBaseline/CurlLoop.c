/* The least that a client of a model provider can do: post a body, read the events, post the next. */
#define _GNU_SOURCE
#include "CBenchBaseline.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct reader {
    uint64_t events;
    int was_end; /* the last byte was a line feed */
};

/* Counts blank lines: each ends an event. */
static size_t read_events(char *bytes, size_t size, size_t count, void *context) {
    struct reader *reader = context;
    for (size_t index = 0; index < size * count; index++) {
        int is_end = bytes[index] == '\n';
        if (is_end && reader->was_end)
            reader->events++;
        reader->was_end = is_end;
    }
    return size * count;
}

static int loop(const char *url, uint32_t turns, size_t body_bytes) {
    static const char mark[] = "{\"role\":\"assistant\",\"content\":\"\"},";
    char *body = malloc(turns * sizeof mark + body_bytes + 1);
    CURL *easy = curl_easy_init();
    if (body == NULL || easy == NULL)
        return 1;
    memset(body, ' ', body_bytes);
    size_t length = body_bytes;
    struct reader reader = {0};
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, read_events);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reader);
    int code = 0;
    for (uint32_t turn = 0; code == 0 && turn < turns; turn++) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
        code = (int)curl_easy_perform(easy);
        memcpy(body + length, mark, sizeof mark - 1);
        length += sizeof mark - 1;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    free(body);
    return code == 0 && reader.events > 0 ? 0 : 1;
}

int bench_curl_start(const char *url, uint32_t turns, size_t body_bytes, int *process) {
    pid_t child = fork();
    if (child < 0)
        return errno;
    if (child == 0)
        _exit(loop(url, turns, body_bytes));
    *process = child;
    return 0;
}

int bench_curl_finish(int process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR)
            return errno;
    return status == 0 ? 0 : EIO;
}

ptrdiff_t bench_find(const void *bytes, size_t count, const char *text) {
    const char *found = count == 0 ? NULL : memmem(bytes, count, text, strlen(text));
    return found == NULL ? -1 : found - (const char *)bytes;
}

size_t bench_count(const void *bytes, size_t count, const char *text) {
    const char *next = bytes, *end = next + count;
    size_t times = 0;
    while (next < end && (next = memmem(next, (size_t)(end - next), text, strlen(text))) != NULL) {
        times++;
        next += strlen(text);
    }
    return times;
}
