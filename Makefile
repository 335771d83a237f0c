# keygate: every command a person needs; "make help" prints them.

ifeq ($(origin CC),default)
CC =		gcc
endif

NGINX_SRC ?=	/usr/share/nginx/src
PREFIX ?=	/usr
MODULES ?=	$(PREFIX)/lib/nginx/modules
JOBS ?=		2
B ?=		build

SO =		ngx_http_keygate_module.so

WARN =		-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
		-Wmissing-prototypes
CFLAGS ?=	-g -O2
SANITIZE =	-g -O1 -fno-omit-frame-pointer \
		-fsanitize=address,undefined -fno-sanitize-recover=undefined
LIBS =		-ljansson -l:libhiredis.a -lssl -lcrypto
CLI_LIBS =	$(LIBS) -lyaml -lcurl

FAMILIES =	base route rate error record table journal store api decide \
		usage
CLI_FAMILIES =	openapi
CORE_DIRS =	$(filter $(addprefix src/,$(FAMILIES)),$(wildcard src/*))
OWN_DIRS =	$(filter $(addprefix src/,$(CLI_FAMILIES)),$(wildcard src/*))
GLUE_DIRS =	src/nginx $(patsubst %/,%,$(wildcard src/nginx/*/))
LUA =		$B/lua/keygate_lua_texts.h
INCS =		$(addprefix -I,$(CORE_DIRS) $(OWN_DIRS) $(dir $(LUA)))
CORE =		$(wildcard $(addsuffix /*.c,$(CORE_DIRS)))
OWN =		$(wildcard $(addsuffix /*.c,$(OWN_DIRS)))
CLI =		$(wildcard src/cli/*.c)
GLUE =		$(wildcard $(addsuffix /*.c,$(GLUE_DIRS)))
HEADERS =	$(wildcard $(addsuffix /*.h,$(CORE_DIRS) $(GLUE_DIRS)))
UNIT =		$(patsubst t/unit/%.c,$B/unit/%,$(wildcard t/unit/*/*.c))
FUZZ =		$(patsubst %.c,$B/fuzz/%,$(notdir $(wildcard t/fuzz/*/*.c)))
BLACKBOX =	$(notdir $(filter-out t/style.t t/make%.t t/package.t, \
			$(wildcard t/*.t)))

MAKEFLAGS +=	--no-print-directory

# nginx takes a variable of that name for sockets that it inherits

unexport NGINX


help:
	@echo 'make build    $B/$(SO) and $B/keygate,'
	@echo '              for the installed nginx or NGINX_SRC=dir; CC=clang'
	@echo 'make run      a demo on 127.0.0.1:8080, until Ctrl-C; PORT=9080: there;'
	@echo '              NODES=3: so many gateways that share a store'
	@echo 'make test     what a newcomer runs, in six minutes'
	@echo 'make test-all everything that is tested, on five builds of nginx'
	@echo 'make check    the same on the installed nginx only, no fuzzing;'
	@echo '              SUITE=sid: on the nginx of that Debian;'
	@echo '              NGINX=file [MODULE=file]: on that one'
	@echo 'make analyze  what analyzers find in the sources'
	@echo 'make bench    what the gate costs'
	@echo 'make fuzz     TIME=60 seconds for each parser, and the decision'
	@echo 'make faults   what goes wrong around it, a line for each fault'
	@echo 'make soak     TIME=600 seconds of load, reloads, kills and changes'
	@echo 'make valgrind the tests under memcheck, each nginx reloaded 5 times'
	@echo 'make deb      $B/libnginx-mod-http-keygate_*.deb'
	@echo 'make install  into $(MODULES) and $(PREFIX)/bin'
	@echo 'make clean    removes $B/'


# -- The module and the command --------------------------------------------

build: $B/$(SO) $(if $(CLI),$B/keygate) $B/keygate.conf.5

# What a configured tree depends on, rewritten only when it has changed.

$B/%.sources: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(TREE) $(GLUE) $(CORE)' \
	    >$@.new
	@cmp -s $@.new $@ || cp $@.new $@
	@rm -f $@.new

$B/module.sources $B/module/objs/Makefile: TREE = $(NGINX_SRC)

$B/module/objs/Makefile: $B/module.sources config tools/configure $(LUA)
	@CC='$(CC)' tools/configure $B/module '$(NGINX_SRC)' dynamic

$B/$(SO): $B/module/objs/Makefile $(GLUE) $(CORE) $(HEADERS)
	@$(MAKE) -s -j$(JOBS) -C $B/module -f objs/Makefile modules
	@cp $B/module/objs/$(SO) $@.new
	@mv $@.new $@
	@echo $@

# The engine's scripts as C strings, rewritten only when they have changed.

$(LUA): tools/lua $(wildcard src/store/lua/*.lua)
	@mkdir -p $(@D)
	@tools/lua $@

OBJECTS =	$(patsubst src/%.c,$B/obj/%.o,$(CORE) $(OWN) $(CLI))

$B/obj/%.o: src/%.c $B/flags | $(LUA)
	@mkdir -p $(@D)
	@$(CC) -std=gnu99 $(WARN) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(INCS) -c -o $@ $<

$B/keygate: $(OBJECTS)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CLI_LIBS)
	@echo $@

$B/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' >$@.new
	@cmp -s $@.new $@ || cp $@.new $@
	@rm -f $@.new

-include $(patsubst %.o,%.d,$(OBJECTS))

# The page of the manual about nginx.conf

$B/keygate.conf.5: docs/directives.md tools/man src/base/keygate_version.h
	@mkdir -p $(@D)
	@tools/man '$(VERSION)' <$< >$@.new
	@mv $@.new $@

install: build
	install -d '$(DESTDIR)$(MODULES)' '$(DESTDIR)$(PREFIX)/bin'
	install -m 644 $B/$(SO) '$(DESTDIR)$(MODULES)'
	test ! -e $B/keygate \
	    || install -m 755 $B/keygate '$(DESTDIR)$(PREFIX)/bin'
	install -d '$(DESTDIR)$(PREFIX)/share/man/man1'
	install -m 644 src/cli/keygate.1 '$(DESTDIR)$(PREFIX)/share/man/man1'
	install -D -m 644 $B/keygate.conf.5 \
	    '$(DESTDIR)$(PREFIX)/share/man/man5/keygate.conf.5'
	install -D -m 644 src/cli/keygate.bash \
	    '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/keygate'
	install -d '$(DESTDIR)$(PREFIX)/share/keygate/portal'
	install -m 644 src/portal/* '$(DESTDIR)$(PREFIX)/share/keygate/portal'

# The package is built from a copy, so that the tree stays as it is.

VERSION =	$(shell sed -n 's/^.define KEYGATE_VERSION *"\(.*\)"/\1/p' \
			src/base/keygate_version.h)
DEB =		$B/deb/keygate-$(VERSION)

deb:
	@tools/deps deb
	@rm -rf $B/deb $B/libnginx-mod-http-keygate_*.deb
	@mkdir -p $(DEB)
	@tar -cf - --exclude=./.git --exclude='./$B' . | tar -xf - -C $(DEB)
	@cd $(DEB) && env -u MAKEFLAGS -u MFLAGS -u CFLAGS -u LDFLAGS \
	    DEB_BUILD_OPTIONS='parallel=$(JOBS)' dpkg-buildpackage -b -us -uc \
	    >../log 2>&1 || { tail -n 20 ../log >&2; exit 1; }
	@mv $B/deb/libnginx-mod-http-keygate_*.deb $B
	@echo $B/libnginx-mod-http-keygate_*.deb

run:
	@tools/deps $(if $(NODES),nodes,run)
	@$(MAKE) build
	@PORT='$(PORT)' perl -It/lib tools/$(if $(NODES),nodes,demo).pl $B $(NODES)

clean:
	rm -rf $B


# -- Tests -------------------------------------------------------------------

UNIT_CORE =	$(patsubst src/%.c,$B/sanitized/%.o,$(CORE) $(OWN))
UNIT_CLI =	$(patsubst src/%.c,$B/sanitized/%.o,$(CLI))

$B/sanitized/%.o: src/%.c $B/flags | $(LUA)
	@mkdir -p $(@D)
	@$(CC) -std=gnu99 $(WARN) $(SANITIZE) -MMD -MP $(INCS) -c -o $@ $<

$B/sanitized/core.a: $(UNIT_CORE)
	@rm -f $@
	@ar rcs $@ $^

$B/sanitized/keygate: $(UNIT_CLI) $B/sanitized/core.a
	@$(CC) $(SANITIZE) -o $@ $^ $(CLI_LIBS)
	@echo $@

$B/unit/%: t/unit/%.c $(wildcard t/unit/*.h) $B/sanitized/core.a
	@mkdir -p $(@D)
	@$(CC) -std=gnu99 $(WARN) $(SANITIZE) $(INCS) -It/unit -o $@ $< \
	    $B/sanitized/core.a $(CLI_LIBS) -lm -lpthread

-include $(patsubst %.o,%.d,$(UNIT_CORE) $(UNIT_CLI))

.SECONDARY: $(UNIT_CORE) $(UNIT_CLI)

unit: $(UNIT)

# Whole nginx builds with keygate inside: NAME, SUITE, KIND, COMPILER

define nginx
$B/$(1).sources $B/$(1)/objs/Makefile: TREE = $(2)
$B/$(1).sources $B/$(1)/objs/Makefile: override CC = $(4)

$B/$(1)/objs/Makefile: $B/$(1).sources config tools/configure $(LUA) \
		$B/src/$(2)/configure
	@echo "configuring $B/$(1)"
	@CC='$(4)' tools/configure $B/$(1) $B/src/$(2) $(3)

$B/$(1)/objs/nginx: $B/$(1)/objs/Makefile $$(GLUE) $$(CORE) $$(HEADERS)
	@$$(MAKE) -s -j$$(JOBS) -C $B/$(1) -f objs/Makefile CC='$(4)' binary
	@touch $$@
	@echo $$@
endef

$B/src/%/configure:
	@tools/fetch source $* $B/src/$*

$(eval $(call nginx,asan,bookworm,sanitize,$(CC)))
$(eval $(call nginx,next,trixie,static,clang))
$(eval $(call nginx,memcheck,bookworm,memcheck,$(CC)))

# The nginx of another Debian with that Debian's libraries, and keygate built
# for it, in $B/SUITE

SUITES =	$(sort trixie sid $(SUITE))

define debian
$B/debian/$(1)/cc:
	@tools/fetch system $(1) $B/debian/$(1)

$B/$(1)/$(SO): $B/debian/$(1)/cc FORCE
	@$$(MAKE) build B=$B/$(1) CC='$(abspath $B)/debian/$(1)/cc' \
	    NGINX_SRC=$B/debian/$(1)/usr/share/nginx/src
endef

$(foreach suite,$(SUITES),$(eval $(call debian,$(suite))))

sanitize: $B/asan/objs/nginx

# The other compiler's opinion, where it is installed.

lint:
	@! command -v clang >/dev/null || $(MAKE) build CC=clang B=$B/clang

# The black-box tests run once for each nginx: a small file for each, so that
# one prove tells the whole.  Anything else: by hand, with TEST_NGINX_BINARY,
# TEST_NGINX_MODULE and TEST_KEYGATE.  NAME, nginx, command, module:

define blackbox
	@mkdir -p $B/t/$(1)
	@for t in $(BLACKBOX); do printf '%s\n' '#!/usr/bin/perl' \
	    '$$ENV{TEST_NGINX_BINARY} = "$(abspath $B)/$(2)";' \
	    '$$ENV{TEST_NGINX_MODULE} = "$(if $(4),$(abspath $B)/$(4))";' \
	    '$$ENV{TEST_KEYGATE} = "$(abspath $B)/$(3)";' \
	    'exec $$^X, "$(CURDIR)/t/'$$t'";' >$B/t/$(1)/$$t; done

endef

static =	$(call blackbox,$(1),$(1)/objs/nginx,sanitized/keygate)
system =	$(call blackbox,$(1),debian/$(1)/usr/sbin/nginx,$(1)/keygate,$(strip \
		$(1)/$(SO)))

# Newer engines than the installed one, of the next Debian, and what is tested
# on them: the ledger against its twin, changes of many, and their followers.
# Where they cannot be had, it says so and is skipped.

ENGINES =	$(addprefix $B/engines/trixie/usr/bin/,redis-server \
			valkey-server)
STORED =	store_lease store_conflicts store_etag store_reset

$B/engines/trixie:
	@tools/fetch engine trixie $@ || echo 'no engines of trixie: not tested'

on_engine = $(foreach t,$(STORED),$(call stored,$(1),$(notdir $(1)),$(t)))

define stored
	@mkdir -p $B/t/$(2)
	@printf '%s\n' '#!/usr/bin/perl' \
	    '$$ENV{TEST_REDIS_SERVER} = "$(abspath $(1))";' \
	    '$$ENV{TEST_REDIS_FSYNC} = 1;' \
	    'exec $$^X, "$(CURDIR)/t/$(3).t";' >$B/t/$(2)/$(3).t

endef

$B/t: FORCE
	@rm -rf $@
	$(foreach name,asan next,$(call static,$(name)))
	$(foreach name,$(SUITES),$(call system,$(name)))
	$(foreach name,$(ENGINES),$(call on_engine,$(name)))
	@mkdir -p $@/fuzz
	@for f in $(notdir $(FUZZ)); do \
	    printf '%s\n' '#!/usr/bin/perl' \
	        'exec $$^X, "$(CURDIR)/tools/fuzz.pl", "--tap",' \
	        '    "$B", "'$$f'";' >$@/fuzz/$$f.t; \
	done

# What a newcomer runs: at most six minutes.  The installed nginx, core and
# command under sanitizers, and nginx under sanitizers for the files where
# memory is at stake.

SLOWEST =	t/package.t

# What needs a build of its own or calls that a sanitizer has, and a browser,
# is not run under sanitizers; of what is slow all else is run only there.

PLAIN =		$(wildcard t/page*.t) $(addprefix t/,$(addsuffix .t, \
			faults_clock faults_disk faults_locks faults_memory \
			store_clock store_disk store_eight store_modules \
			store_names))
SLOW =		$(wildcard t/faults_*.t t/store_*.t t/page*.t t/package.t)
QUICK =		$(filter-out $(SLOW),$(wildcard t/*.t))
MEMORY =	admin attack_wire credentials errors errors_http2 paths \
		redirects strip when_body

test:
	@tools/deps test
	@$(MAKE) build unit $B/asan/objs/nginx $B/sanitized/keygate $B/t
	@prove -j$(JOBS) --timer -It/lib $(QUICK) $(UNIT) \
	    $(MEMORY:%=$B/t/asan/%.t)

# What another nginx, its compiler or its libraries may change.

ELSEWHERE =	admin admin_durability attack_wire auth bearer connect \
		credentials destination errors errors_broken \
		errors_http2 errors_interim errors_upstream http3 \
		identity journal_follow methods metrics optional paths \
		portal preflight quota_file rates recheck redirects \
		reload satisfy store_alike store_cli store_faults \
		store_nodes store_tls strip usage variables when_body

# The rest of everything: all under sanitizers, what another nginx may change on
# three more builds, faults, stores, the page, analyzers, and TIME seconds of
# fuzzing for each target, the same ones each time: those that find something
# new are "make fuzz".  All of it is to take less than 40 minutes: the slowest
# file comes first.

test-all: test test-rest

test-rest: TIME = 20
test-rest:
	@tools/deps all
	@$(MAKE) build lint $B/asan/objs/nginx $B/next/objs/nginx \
	    $B/trixie/$(SO) $B/sid/$(SO) $B/t $B/next/objs/lockcheck \
	    $B/sanitized/keygate $B/engines/trixie $B/unit/store/lease
	@$(MAKE) -s -j$(JOBS) $(FUZZ)
	@TIME='$(TIME)' prove -j$(JOBS) --timer -It/lib $(SLOWEST) t/analyze \
	    $(filter-out $(SLOWEST),$(PLAIN)) \
	    $(filter-out $(MEMORY:%=$B/t/asan/%.t) $(PLAIN:t/%=$B/t/asan/%), \
	        $(BLACKBOX:%=$B/t/asan/%)) \
	    $(foreach name,next trixie sid,$(ELSEWHERE:%=$B/t/$(name)/%.t)) \
	    $(addprefix $B/t/,$(notdir $(ENGINES))) $B/t/fuzz \
	    || { cat $B/fuzz/*.failed 2>/dev/null; exit 1; }

# With NGINX, the black-box tests run on any binary, and with a MODULE that was
# built for it; without one keygate is in it.  TESTS: some of them.

TESTS ?=	$(BLACKBOX:%=t/%)

check:
	@tools/deps check
ifdef NGINX
	@$(MAKE) $B/keygate
	@TEST_NGINX_BINARY='$(abspath $(NGINX))' \
	    TEST_NGINX_MODULE='$(if $(MODULE),$(abspath $(MODULE)))' \
	    prove -j$(JOBS) -It/lib $(TESTS)
else ifdef SUITE
	@$(MAKE) $B/$(SUITE)/$(SO) $B/t
	@prove -j$(JOBS) -It/lib $B/t/$(SUITE)
else
	@$(MAKE) build unit
	@prove -j$(JOBS) -It/lib t $(UNIT)
endif

# Their findings, and a line for each of them; t/analyze is the same.

analyze:
	@tools/deps all
	@$(MAKE) $B/module/objs/Makefile
	@tools/analyze $B $(JOBS)

bench:
	@tools/deps bench
	@$(MAKE) build $B/unit/rate/lease
	@perl t/bench/bench.pl $B $(TOPICS)

# The tests of faults once more, as the table that they are; KEYGATE_LONG=1 for
# what takes longer.  ROWS: words of those that are wanted.

$B/next/objs/lockcheck: $B/next/objs/nginx t/faults/locks.c t/faults/locks.mk
	@$(MAKE) -s -C $B/next -f objs/Makefile \
	    -f '$(CURDIR)/t/faults/locks.mk' FAULTS='$(CURDIR)/t/faults' \
	    lockcheck
	@echo $@

lockcheck: $B/next/objs/lockcheck
	@TEST_LOCKCHECK=$(abspath $<) prove -It/lib t/faults_locks.t

faults:
	@tools/deps all
	@$(MAKE) build $B/next/objs/lockcheck
	@TEST_LOCKCHECK=$(abspath $B)/next/objs/lockcheck \
	    perl -It/lib tools/faults.pl $(ROWS)

soak: TIME = 600
soak:
	@tools/deps check
	@$(MAKE) build
	@TIME='$(TIME)' perl -It/lib tools/soak.pl

# Fuzz targets: the core once, for all of them.

TIME ?=		60

FUZZED =	-std=gnu99 -g -O1 -fno-omit-frame-pointer \
		-fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=undefined
FUZZ_CORE =	$(patsubst src/%.c,$B/fuzz/core/%.o,$(CORE) $(OWN))

$B/fuzz/core/%.o: src/%.c | $(LUA)
	@mkdir -p $(@D)
	@clang $(FUZZED) -MMD -MP $(INCS) -c -o $@ $<

$B/fuzz/core.a: $(FUZZ_CORE)
	@rm -f $@
	@ar rcs $@ $^

vpath %.c $(wildcard t/fuzz/*/)

$B/fuzz/%: %.c $(wildcard t/fuzz/*.h t/unit/*.h) $B/fuzz/core.a
	@clang $(FUZZED) -fsanitize=fuzzer $(WARN) $(INCS) -It/fuzz -It/unit \
	    -o $@ $< $B/fuzz/core.a $(CLI_LIBS)

-include $(patsubst %.o,%.d,$(FUZZ_CORE))

.SECONDARY: $(FUZZ_CORE)

fuzz:
	@tools/deps fuzz
	@$(MAKE) -s -j$(JOBS) $(FUZZ)
	@TIME='$(TIME)' JOBS='$(JOBS)' perl tools/fuzz.pl $B $(notdir $(FUZZ))

# All of it once more under memcheck, each server reloaded five times.  Left
# out is what cannot be told there:

UNCHECKED =	t/style.t				# runs nothing
UNCHECKED +=	t/package.t				# has its own nginx
UNCHECKED +=	t/make_fuzz.t			# runs nothing
UNCHECKED +=	t/demo.t				# has its own nginx
UNCHECKED +=	t/faults_kill.t t/faults_reload.t	# too quick for it
UNCHECKED +=	t/store_kill.t				# likewise
UNCHECKED +=	t/faults_clock.t t/faults_disk.t	# LD_PRELOAD, which
UNCHECKED +=	t/faults_memory.t t/store_eight.t	# is valgrind's
UNCHECKED +=	t/store_disk.t t/store_clock.t		# likewise
UNCHECKED +=	t/faults_locks.t			# has its own nginx

MEMCHECK =	valgrind -q --vgdb=no --run-libc-freeres=no --leak-check=full \
		--errors-for-leak-kinds=definite --error-exitcode=99

$B/memcheck/unit/%: t/unit/%.c $(wildcard t/unit/*.h) $(OBJECTS)
	@mkdir -p $(@D)
	@$(CC) -std=gnu99 -g -O1 $(INCS) -It/unit -o $@ $< \
	    $(filter-out $B/obj/cli/%,$(OBJECTS)) $(CLI_LIBS) -lm -lpthread

$B/memcheck/keygate: $B/keygate
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec $(MEMCHECK) $(abspath $<) "$$@"\n' >$@
	@chmod 755 $@

valgrind: UNIT := $(UNIT:$B/unit/%=$B/memcheck/unit/%)
valgrind:
	@tools/deps all
	@tools/deps valgrind
	@$(MAKE) build $B/memcheck/objs/nginx $B/memcheck/keygate $(UNIT)
	@prove -j$(JOBS) --timer -e '$(MEMCHECK)' $(UNIT)
	@TEST_NGINX_BINARY=$(abspath $B)/memcheck/objs/nginx \
	    TEST_NGINX_MODULE= TEST_NGINX_MEMCHECK=5 \
	    TEST_KEYGATE=$(abspath $B)/memcheck/keygate \
	    prove -j$(JOBS) --timer -It/lib \
	        $(filter-out $(UNCHECKED),$(wildcard t/*.t)) t/valgrind

FORCE:

.PHONY: help build install deb run clean lint unit sanitize test test-all \
	test-rest check analyze bench fuzz faults lockcheck soak valgrind FORCE
