/*
 * Whether nginx has loaded what "setup" made: "nginx -s reload" does not wait
 * for that, and tells nobody when it comes to nothing.
 */

#define _GNU_SOURCE                      /* SOCK_CLOEXEC */

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gate.h"


#define CLI_GATE_LOADS  250              /* looks */
#define CLI_GATE_PAUSE  20000000         /* nanoseconds between them */


static int cli_gate_connect(const struct addrinfo *address);


static int
cli_gate_connect(const struct addrinfo *address)
{
    int  fd, rc;

    fd = socket(address->ai_family, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return 0;
    }

    rc = connect(fd, address->ai_addr, address->ai_addrlen);
    close(fd);

    return rc == 0;
}


/* There is no event to wait for. */

int
cli_gate_listens(const cli_gate_t *gate)
{
    int               i, there;
    cli_gate_at_t     at;
    struct timespec   pause;
    struct addrinfo  *address;

    pause.tv_sec = 0;
    pause.tv_nsec = CLI_GATE_PAUSE;

    cli_gate_host(gate, &at);
    address = cli_gate_address(&at, at.port);

    if (address == NULL) {
        return 1;
    }

    there = cli_gate_connect(address);

    for (i = 0; i < CLI_GATE_LOADS && !there; i++) {
        (void) nanosleep(&pause, NULL);
        there = cli_gate_connect(address);
    }

    freeaddrinfo(address);

    return there;
}
