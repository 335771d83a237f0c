# nginx linked once more, with the lock checker between its objects.  Read
# after objs/Makefile, in the directory of a static build; FAULTS is this one.

WRAP =		ngx_shmtx_lock ngx_shmtx_trylock keygate_decide \
		ngx_process_events_and_timers ngx_http_keygate_follow \
		fdatasync fsync flock

WRAPPED =	$(patsubst %,-Wl$(comma)--wrap=%,$(WRAP))
comma =		,

lockcheck: objs/nginx
	$(CC) -c $(CFLAGS) -std=gnu99 $(ALL_INCS) -o objs/lockcheck.o \
	    $(FAULTS)/locks.c
	$(MAKE) -f objs/Makefile -W objs/src/core/nginx.o objs/nginx \
	    LINK='link() { shift 2; $(CC) -o objs/lockcheck $(WRAPPED) \
	          objs/lockcheck.o "$$$$@"; }; link'
