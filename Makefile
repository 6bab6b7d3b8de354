# make build        builds everything into out/bin, after installing what is missing from Debian
# make test         unit tests, and the end-to-end tests that need no root
# make demo         an unattended dev loop on a small repository, from start to end
# make system-test  the .deb in a real systemd (root)
# make deb          out/*.deb
# make install      into $(DESTDIR), as the package has it
# make lint         the formatter's and the compiler's opinion of the style
# make clean
#
# Nothing is written outside .build and out. With BUILT=1 what out/bin holds is taken as it is.

# Where Debian has it all; the programs and the unit know these paths.
prefix = /usr
sbindir = $(prefix)/sbin
bindir = $(prefix)/bin
libexecdir = $(prefix)/libexec/aura
sharedir = $(prefix)/share
sysconfdir = /etc/aura
unitdir = /lib/systemd/system

# The Swift toolchain is assumed; all else comes from Debian.
BUILD_NEEDS = gcc libc6-dev pkg-config git python3 \
	liblmdb-dev libssl-dev libcurl4-openssl-dev libsystemd-dev libseccomp-dev libyaml-dev libedit-dev
PACKAGE_NEEDS = dpkg-dev debhelper fakeroot
SYSTEM_NEEDS = systemd dbus util-linux

# aura-worker crashes at its start with SwiftPM's own run path.
SWIFT_FLAGS = -c release --static-swift-stdlib --disable-local-rpath
SWIFT_BIN = .build/release
CAGE_FLAGS = -std=gnu11 -O2 -Wall -Wextra -Werror -static-pie -fPIE -Wl,-z,relro,-z,now
CAGE_SOURCES = $(wildcard Sources/aura-cage/*.c)
PROGRAMS = aurad aura-worker aura-ctl aura-bench

# Installs what is missing of the packages $(1), or says how. At once when nothing is missing.
define need
@missing=$$(for p in $(1); do dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null \
	| grep -qx installed || echo $$p; done); \
[ -z "$$missing" ] || { \
	set -- apt-get install -y --no-install-recommends $$missing; \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as='sudo -n'; \
	else echo "missing packages; install them with: sudo $$*" >&2; exit 1; fi; \
	export DEBIAN_FRONTEND=noninteractive; \
	$$as "$$@" >/dev/null 2>&1 || { $$as apt-get update -q && $$as "$$@"; }; }
endef

.PHONY: build test demo system-test crash-test night-test kinds-test trigger-test faults-test loop-test record-test limits-test dev-test takeover-test \
	deb install lint clean

ifdef BUILT
build:
else
build: out/bin/aura-cage
	$(call need,$(BUILD_NEEDS))
	swift build $(SWIFT_FLAGS)
	@for program in $(PROGRAMS); do cmp -s $(SWIFT_BIN)/$$program out/bin/$$program \
		|| install -m 755 $(SWIFT_BIN)/$$program out/bin/$$program; done
endif

# One static program in C: everything between clone and exec.
out/bin/aura-cage: $(CAGE_SOURCES) Sources/aura-cage/cage.h
	$(call need,$(BUILD_NEEDS))
	@mkdir -p out/bin
	$(CC) $(CAGE_FLAGS) -o $@ $(CAGE_SOURCES)

out/bin/probe: $(wildcard Tests/Probe/probe*.c) Tests/Probe/probe.h
out/bin/hog: Tests/Probe/hog.c
out/bin/probe out/bin/hog:
	@mkdir -p out/bin
	$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -static-pie -fPIE -o $@ $(filter %.c,$^)

test: build out/bin/probe
	AURA_CAGE=$(CURDIR)/out/bin/aura-cage AURA_PROBE=$(CURDIR)/out/bin/probe swift test
	Tests/System/provider-test

demo: build
	Tests/Demo/run

night-test: build
	Tests/System/night-test

crash-test: build
	Tests/System/crash-test
	Tests/System/setback-test

takeover-test: build
	Tests/System/takeover-test

kinds-test: build
	Tests/System/chat-test
	Tests/System/spec-test
	Tests/System/new-test
	Tests/System/push-test

faults-test: build
	Tests/System/faults-test
	Tests/System/egress-test
	Tests/System/servers-test
	Tests/System/abuse-test

loop-test: build
	Tests/System/loop-test

record-test: build
	Tests/System/record-test
	Tests/System/slow-disk-test

dev-test: build
	Tests/System/dev-test

trigger-test: build
	Tests/System/trigger-test

limits-test: build out/bin/hog
	Tests/System/limits-test

system-test: deb
	$(call need,$(SYSTEM_NEEDS))
	Tests/System/box --show $(CURDIR)=/aura -- /aura/Tests/System/systemd-test
	Tests/System/box --show $(CURDIR)=/aura -- /aura/Tests/System/systemd-storm --slow 2000

# The package is made in a copy, because dpkg-buildpackage writes beside the tree that it is given.
deb: build
	$(call need,$(PACKAGE_NEEDS))
	rm -rf out/deb && mkdir -p out/deb/aura/out
	cp -R Makefile debian etc automata out/deb/aura
	cp -R out/bin out/deb/aura/out
	cd out/deb/aura && BUILT=1 dpkg-buildpackage --build=binary --no-sign >../log 2>&1 \
		|| { cat ../log; exit 1; }
	mv out/deb/aura_*.deb out && rm -rf out/deb

install: build
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir)
	install -m 755 out/bin/aurad $(DESTDIR)$(sbindir)
	install -m 755 out/bin/aura-ctl $(DESTDIR)$(bindir)
	install -m 755 out/bin/aura-cage out/bin/aura-worker $(DESTDIR)$(libexecdir)
	install -d -m 700 $(DESTDIR)$(libexecdir)/sealed
	install -d $(DESTDIR)$(libexecdir)/sealed/proc
	install -d $(DESTDIR)$(sysconfdir)/automata
	install -m 644 etc/*.yaml $(DESTDIR)$(sysconfdir)
	install -m 644 automata/*.yaml $(DESTDIR)$(sysconfdir)/automata
	install -d $(DESTDIR)$(sharedir)/aura/automata
	install -m 644 automata/*.yaml $(DESTDIR)$(sharedir)/aura/automata
	install -d -m 700 $(DESTDIR)$(sysconfdir)/credentials
	install -D -m 644 debian/aura.aurad.service $(DESTDIR)$(unitdir)/aurad.service
	install -D -m 644 debian/aura.sysusers $(DESTDIR)$(prefix)/lib/sysusers.d/aura.conf
	install -D -m 644 debian/aura.catalog $(DESTDIR)$(prefix)/lib/systemd/catalog/aura.catalog
	install -d $(DESTDIR)$(sharedir)/bash-completion/completions \
		$(DESTDIR)$(sharedir)/zsh/vendor-completions
	out/bin/aura-ctl --generate-completion-script bash \
		>$(DESTDIR)$(sharedir)/bash-completion/completions/aura-ctl
	out/bin/aura-ctl --generate-completion-script zsh \
		>$(DESTDIR)$(sharedir)/zsh/vendor-completions/_aura-ctl

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

clean:
	rm -rf .build out
