/* Runs a fuzz target over every file of the directories given, so that a corpus is an ordinary test without libFuzzer. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads a whole file into a block of exactly its size, so that a sanitizer sees the first byte read past it. */
static int read_file(const char *path, size_t size, uint8_t **out) {
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    FILE *file = fopen(path, "rb");
    int ok = bytes && file && fread(bytes, 1, size, file) == size;
    if (file) (void)fclose(file);
    if (!ok) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        free(bytes);
        return -1;
    }
    *out = bytes;
    return 0;
}

static int replay_file(const char *path, size_t size) {
    uint8_t *bytes = NULL;
    if (read_file(path, size, &bytes) != 0) return -1;
    int status = LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    if (status != 0) (void)fprintf(stderr, "%s: the target returned %d\n", path, status);
    return status == 0 ? 0 : -1;
}

/* Number of files that went through; −1 on the first that did not. */
static long replay_directory(const char *directory) {
    DIR *entries = opendir(directory);
    if (!entries) {
        (void)fprintf(stderr, "%s: %s\n", directory, strerror(errno));
        return -1;
    }
    long count = 0;
    const struct dirent *entry = NULL;
    while (count >= 0 && (entry = readdir(entries)) != NULL) {
        char path[4096];
        struct stat info;
        int length = snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (length < 0 || (size_t)length >= sizeof path) {
            (void)fprintf(stderr, "%s/%s: path too long\n", directory, entry->d_name);
            count = -1;
        } else if (stat(path, &info) != 0) {
            (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
            count = -1;
        } else if (S_ISREG(info.st_mode)) {
            count = replay_file(path, (size_t)info.st_size) == 0 ? count + 1 : -1;
        }
    }
    (void)closedir(entries);
    return count;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s corpus-directory...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        long count = replay_directory(argv[i]);
        if (count == 0) (void)fprintf(stderr, "%s: empty corpus, nothing was tested\n", argv[i]);
        if (count <= 0) return 1;
        (void)printf("%s: %ld inputs\n", argv[i], count);
    }
    return 0;
}
