/*
 * The nginx that is to take what "setup" makes: it is run, and asked which
 * files it reads.
 */

#define _GNU_SOURCE                      /* environ, pipe2() */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"


#define CLI_GATE_FRONT  "# configuration file "


typedef struct {
    struct stat  file;
    int          found;
} cli_gate_seen_t;


static pid_t cli_gate_spawn(int out, const char *first, const char *second);
static int cli_gate_wait(pid_t pid);
static void cli_gate_names(void *data, char *line);


/* Its stdout goes to "out"; -1 when it cannot be run, which is told. */

static pid_t
cli_gate_spawn(int out, const char *first, const char *second)
{
    int                          rc;
    char                        *argv[4];
    pid_t                        pid;
    posix_spawn_file_actions_t   actions;

    argv[0] = (char *) "nginx";
    argv[1] = (char *) first;
    argv[2] = (char *) second;
    argv[3] = NULL;

    if (posix_spawn_file_actions_init(&actions) != 0) {
        return -1;
    }

    rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);

    if (rc == 0) {
        rc = posix_spawnp(&pid, "nginx", &actions, NULL, argv, environ);
    }

    if (rc == ENOENT) {

        /* "su" leaves the user's path as it is */

        rc = posix_spawn(&pid, "/usr/sbin/nginx", &actions, NULL, argv,
                         environ);
    }

    posix_spawn_file_actions_destroy(&actions);

    if (rc != 0) {
        cli_error(0, "nginx: %s", strerror(rc));
        return -1;
    }

    return pid;
}


static int
cli_gate_wait(pid_t pid)
{
    int  status;

    while (waitpid(pid, &status, 0) == -1) {
        if (errno != EINTR) {
            return -1;
        }
    }

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}


int
cli_gate_nginx(const char *first, const char *second)
{
    pid_t  pid;

    /* results go to stdout, and this is none */

    pid = cli_gate_spawn(STDERR_FILENO, first, second);

    return pid == -1 ? -1 : cli_gate_wait(pid);
}


/* Whether a line names the file: links may lead to it by other names. */

static void
cli_gate_names(void *data, char *line)
{
    char             *end;
    struct stat       st;
    cli_gate_seen_t  *seen;

    seen = data;

    if (strncmp(line, CLI_GATE_FRONT, sizeof(CLI_GATE_FRONT) - 1) != 0) {
        return;
    }

    line += sizeof(CLI_GATE_FRONT) - 1;
    end = strrchr(line, ':');

    if (end == NULL) {
        return;
    }

    *end = '\0';

    seen->found |= stat(line, &st) == 0 && st.st_dev == seen->file.st_dev
                   && st.st_ino == seen->file.st_ino;
}


int
cli_gate_dump(void (*each)(void *data, char *line), void *data)
{
    int      fds[2];
    char    *line;
    FILE    *dump;
    pid_t    pid;
    size_t   size;

    if (pipe2(fds, O_CLOEXEC) == -1) {
        return 0;
    }

    pid = cli_gate_spawn(fds[1], "-T", "-q");
    close(fds[1]);
    dump = pid == -1 ? NULL : fdopen(fds[0], "r");

    if (dump == NULL) {
        close(fds[0]);

        if (pid != -1) {
            (void) cli_gate_wait(pid);
        }

        return 0;
    }

    line = NULL;
    size = 0;

    while (getline(&line, &size, dump) != -1) {
        each(data, line);
    }

    free(line);
    fclose(dump);

    return cli_gate_wait(pid) == 0;
}


int
cli_gate_included(const cli_gate_file_t *file)
{
    cli_gate_seen_t  seen;

    memset(&seen, 0, sizeof(cli_gate_seen_t));

    return stat(file->path, &seen.file) == 0
           && cli_gate_dump(cli_gate_names, &seen) && seen.found;
}
