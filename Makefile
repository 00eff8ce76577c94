# Sandpod.  The targets people use:
#
#   make run        install what is missing, build, make or pull the image, serve, show the main job
#   make test       install what the tests need, build, run all of them
#   make            build/release/sandpod and the agent beside it
#   make check      format, layers, borders, banned calls, function length, warnings, clang-tidy
#   make unit | component | e2e | fuzz | conformance    one kind of test
#   make bench                           how fast, beside podman and its bare API (PARTS=, QUICK=1)
#   make bench-check                     its ratios alone, against margins
#   make prove-image                     the container image, on a locally made Debian 13
#
# MODE=release|debug|asan|fuzz picks a build; each lives in build/$(MODE)/, so none cleans another.

MODE    ?= release
VERSION := 0.1.0
B       := build/$(MODE)

# --- the house: who may include whom (include/X.h belongs to module X) --------------------------
# `make check-layers` enforces it, and tests link what their module may see.
base         := error own log buf clock id digest utf8 base64
modules      := base loop json config store http podman wire sandbox mcp tools web app
# what mcp and those who offer something by it agree on; no module's
contract     := tool prompt resource
# further headers of sandbox/
domain       := file code package
# further headers of wire/
records      := wire_call wire_file
may.base     :=
may.loop     :=
may.json     :=
may.config   :=
may.store    :=
may.http     := loop
may.podman   := loop json
may.wire     := $(records)
may.sandbox  := loop json config podman store wire $(records) $(domain)
may.mcp      := loop json http store $(contract)
may.tools    := json config loop store http podman sandbox $(domain) $(contract)
may.web      := loop json config http store podman mcp $(contract) sandbox $(domain)
may.app      := loop json config http store podman mcp $(contract) sandbox $(domain) web tools
# modules that a module links with (headers may name further types)
uses.tools   := sandbox mcp
uses.web     := sandbox mcp
uses.app     := sandbox mcp web tools

jobs := $(shell nproc)
# V=1 shows whole commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(2)')

# --- compilers ----------------------------------------------------------------------------------
ifeq ($(origin CC),default)
CC       := gcc
endif
MUSL_CC  ?= musl-gcc
packages := libuv libmicrohttpd libcurl libcjson sqlite3 libcrypto libpcre2-8 md4c
warnings := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wformat=2 -Wswitch-enum -Wvla -Wundef
ifeq ($(WERROR),1)
warnings += -Werror
endif
CPPFLAGS += -iquote include -D_GNU_SOURCE -DSANDPOD_VERSION=\"$(VERSION)\"
CFLAGS   += -std=c17 $(warnings) $(mode.$(MODE)) -fno-common
LDFLAGS  += $(link.$(MODE))
LDLIBS    = $(shell pkg-config --libs $(packages)) -lpthread -lm

mode.release := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
link.release := -pie -Wl,-z,relro,-z,now
mode.debug   := -O0 -g3
mode.asan    := -O1 -g3 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
link.asan    := -fsanitize=address,undefined
mode.fuzz    := -O1 -g3 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
link.fuzz    := -fsanitize=address,undefined
ifeq ($(MODE),fuzz)
CC := clang
endif

# --- the server ---------------------------------------------------------------------------------
sources   := $(foreach m,$(modules),$(wildcard src/$(m)/*.c))
objects    = $(patsubst src/%.c,$(B)/src/%.o,$(filter src/$(1)/%,$(sources)))
archives  := $(foreach m,$(modules),$(B)/lib/$(m).a)

.PHONY: all
all: $(B)/sandpod $(B)/agent

$(B)/sandpod: $(B)/src/main.o $(archives)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(archives) -Wl,--end-group $(LDLIBS)

define module_rules
$(B)/lib/$(1).a: $(call objects,$(1)) | $(B)/lib/
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(foreach m,$(modules),$(eval $(call module_rules,$(m))))

$(B)/lib/:
	@mkdir -p $@

$(B)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The migrations, compiled in, so that program and schema cannot drift apart.
$(B)/src/store/migrate.o: $(B)/gen/migrations.inc
$(B)/src/store/migrate.o: CPPFLAGS += -iquote $(B)/gen
$(B)/gen/migrations.inc: $(wildcard migrations/*.sql)
	@mkdir -p $(@D)
	@for f in $(sort $^); do printf '{ "%s",\n' "$$(basename $$f)"; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $$f; printf '},\n'; done > $@

# The script of an install, compiled in without its comments.
$(B)/src/sandbox/package_install.o: $(B)/gen/packages.inc
$(B)/src/sandbox/package_install.o: CPPFLAGS += -iquote $(B)/gen
$(B)/gen/packages.inc: src/sandbox/packages.sh
	@mkdir -p $(@D)
	@sed -e '/^[[:space:]]*#/d' -e '/^$$/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' \
	  -e 's/.*/"&\\n"/' $< > $@

# The drivers of the languages, likewise; as bytes, because C bounds the length of its texts.
$(B)/src/sandbox/drivers.o: $(B)/gen/drivers.inc
$(B)/src/sandbox/drivers.o: CPPFLAGS += -iquote $(B)/gen
$(B)/gen/drivers.inc: $(wildcard src/drivers/*)
	@mkdir -p $(@D)
	@for f in $(sort $^); do \
	  printf 'static const char driver_%s[] = {\n' "$$(basename $$f | tr . _)"; \
	  od -An -v -td1 $$f | sed 's/[-0-9][0-9]*/&,/g'; printf '0 };\n'; done > $@

# The style sheet of the pages, as the bytes of an array (a string literal may not be that long).
$(B)/src/web/page.o: $(B)/gen/style.inc
$(B)/src/web/page.o: CPPFLAGS += -iquote $(B)/gen
$(B)/gen/style.inc: src/web/style.css
	@mkdir -p $(@D)
	@grep -v '^/\*' $< | tr -d '\n\t' | od -An -v -tx1 | sed -e 's/ \(..\)/0x\1,/g' -e '$$s/,$$//' > $@

# --- the agent: static, musl, no library ---------------------------------------------------------
agent_sources := $(wildcard src/agent/*.c src/wire/*.c)
$(B)/agent: $(agent_sources) $(wildcard src/agent/*.h include/wire*.h)
	@mkdir -p $(@D)
	$(call say,AGENT,$@)
	$(Q)$(MUSL_CC) -iquote include -D_GNU_SOURCE -std=c17 $(warnings) -Os -static -s \
	  -fstack-protector-strong -ffunction-sections -fdata-sections -Wl,--gc-sections \
	  -o $@ $(agent_sources)
	@chmod 0711 $@

# --- unit tests: test/unit/MODULE/SUBJECT.c, linked with MODULE and what it may use -------------
unit_tests := $(patsubst test/unit/%.c,$(B)/unit/%,$(wildcard test/unit/*/*.c))
uses        = $(or $(uses.$(1)),$(filter-out $(contract) $(domain) $(records),$(may.$(1))))
closure     = $(sort $(1) base $(foreach m,$(call uses,$(1)),$(call closure,$(m))))

define unit_rules
$(B)/unit/$(1)/%: test/unit/$(1)/%.c $(foreach m,$(call closure,$(1)),$(B)/lib/$(m).a)
	@mkdir -p $$(@D)
	$$(call say,TEST,$$<)
	$$(Q)$(CC) $(CPPFLAGS) -iquote src/$(1) -iquote test/support $(CFLAGS) $(LDFLAGS) -MMD -MP -o $$@ $$< \
	  -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $(LDLIBS) -lcmocka
endef
$(foreach m,$(modules),$(eval $(call unit_rules,$(m))))

# The agent's tests drive the program itself, in namespaces of their own.
$(B)/unit/agent/%: test/unit/agent/%.c $(B)/lib/wire.a $(B)/agent
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) $(CPPFLAGS) -DAGENT='"$(abspath $(B)/agent)"' $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< \
	  $(B)/lib/wire.a -lcmocka

.PHONY: unit unit-build unit-run
unit:
	@$(MAKE) --no-print-directory -j$(jobs) MODE=asan unit-build
	@$(MAKE) --no-print-directory MODE=asan unit-run
unit-build: $(unit_tests) $(B)/agent
# Several at once, each with its words in one piece.
unit-run: unit-build
	@printf '%s\n' $(sort $(unit_tests)) | xargs -P $(jobs) -n 1 \
	  sh -c 'said=$$("$$0" 2>&1); bad=$$?; printf "%s\n" "$$said"; exit $$bad'

-include $(shell find build -path build/images -prune -o -name '*.d' -print 2>/dev/null)

# --- component tests: several modules in one process, over a fake Podman -------------------------
component_tests := $(patsubst test/component/%.c,$(B)/component/%,$(wildcard test/component/*.c))
support         := $(wildcard test/support/*.c)
$(B)/component/%: test/component/%.c $(support) $(archives)
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) $(CPPFLAGS) -iquote test/support -iquote src/app $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< \
	  $(support) -Wl,--start-group $(archives) -Wl,--end-group $(LDLIBS) -lcmocka

.PHONY: component component-build component-run
component:
	@$(MAKE) --no-print-directory -j$(jobs) MODE=asan component-build
	@$(MAKE) --no-print-directory MODE=asan component-run
component-build: $(component_tests) $(B)/agent
component-run: component-build
	@bad=0; for t in $(sort $(component_tests)); do $$t || bad=1; done; exit $$bad

# --- fuzzing: test/fuzz/fuzz_SUBJECT.c with corpus/SUBJECT/ ---------------------------------------
FUZZ_SECONDS ?= 20
# whose private header a fuzzer sees
fuzz.podman_stream := podman
fuzz.preview       := web
fuzz.range         := http
fuzz.rpc           := mcp
fuzz.wire          := wire
fuzzers := $(patsubst test/fuzz/fuzz_%.c,$(B)/fuzz/%,$(wildcard test/fuzz/fuzz_*.c))
$(B)/fuzz/%: test/fuzz/fuzz_%.c $(archives)
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)
	$(Q)$(CC) $(CPPFLAGS) -iquote src/$(fuzz.$*) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $< \
	  -Wl,--start-group $(archives) -Wl,--end-group $(LDLIBS)

.PHONY: fuzz
fuzz:
	@$(MAKE) --no-print-directory -j$(jobs) MODE=fuzz $(patsubst $(B)/fuzz/%,fuzz-run-%,$(fuzzers))
.PRECIOUS: $(B)/fuzz/%
# New inputs that a fuzzer finds stay in build/; what it breaks on is kept beside them.
fuzz-run-%: $(B)/fuzz/%
	@mkdir -p $(B)/found/$* $(B)/crashes
	@$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	  -artifact_prefix=$(B)/crashes/$*- $(B)/found/$* test/fuzz/corpus/$* >$(B)/fuzz/$*.log 2>&1 \
	  && echo "fuzz $*: $$(ls $(B)/found/$* | wc -l) new inputs, no fault" \
	  || { tail -40 $(B)/fuzz/$*.log; echo "fuzz $*: FAULT"; exit 1; }

# --- images ---------------------------------------------------------------------------------------
.PHONY: image
image: $(B)/builtin.tar
$(B)/builtin.tar: images/builtin/build.sh
	@mkdir -p $(@D)
	images/builtin/build.sh $(abspath $@)

# Images for more than a shell, each built on alpine's tar, from packages and without any registry; and a
# storage of Podman's that holds them, for servers that use them in place (the tests' ones).
images       := alpine python web
image_parts   = images/build.sh images/finish.sh $(shell find images/files images/$(1) -type f -not -path '*/node_modules/*' -not -name Containerfile)
.PHONY: images image-store deps-images
images: deps-images
	@$(MAKE) --no-print-directory -j$(jobs) $(images:%=build/images/%.tar)
image-store: deps-images
	@$(MAKE) --no-print-directory -j$(jobs) $(images:%=build/images/%.stored)
deps-images:
	@packaging/install.sh images
build/images/alpine.tar: $(call image_parts,alpine)
	$(call say,IMAGE,$@)
	$(Q)images/build.sh alpine $@
define image_rules
build/images/$(1).tar: build/images/alpine.tar images/add.sh $$(call image_parts,$(1))
	$$(call say,IMAGE,$$@)
	$$(Q)images/build.sh $(1) $$@ $$<
endef
$(foreach i,$(filter-out alpine,$(images)),$(eval $(call image_rules,$(i))))
build/images/%.stored: build/images/%.tar images/store.sh
	$(call say,STORE,$<)
	$(Q)images/store.sh $* $< build/images/store
	@touch $@

# Builds the Dockerfile on a locally bootstrapped Debian 13 and runs it, privileged and not.
.PHONY: prove-image
prove-image:
	@packaging/install.sh run prove
	@packaging/prove_image.sh

# --- end to end: the real binary, real Podman, the official clients ------------------------------
# FILTER=words picks the tests whose names hold them.
.PHONY: e2e
e2e: all image image-store test/e2e/node_modules images/web/driver/node_modules
	@cd test/e2e && SANDPOD=$(abspath $(B)/sandpod) ./run $(FILTER)
test/e2e/node_modules: test/e2e/package.json test/e2e/package-lock.json
	cd test/e2e && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

images/web/driver/node_modules: images/web/driver/package.json images/web/driver/package-lock.json
	cd images/web/driver && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

# --- the official conformance suite: against mcp/ and http/ with its own fixtures, then the product -
# The fixture links without sandbox/, which proves that mcp/ needs none.
conformance_sources := $(wildcard test/conformance/*.c)
conformance_archives := $(foreach m,$(call closure,mcp),$(B)/lib/$(m).a)
$(B)/conformance: $(conformance_sources) test/conformance/fixture.h $(conformance_archives)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CPPFLAGS) -iquote test/conformance $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ \
	  $(conformance_sources) -Wl,--start-group $(conformance_archives) -Wl,--end-group $(LDLIBS)

.PHONY: conformance
conformance: all image $(B)/conformance test/conformance/node_modules
	@cd test/conformance && SERVER=$(abspath $(B)/conformance) ./run
	@cd test/conformance && SANDPOD=$(abspath $(B)/sandpod) ./product
test/conformance/node_modules: test/conformance/package.json test/conformance/package-lock.json
	cd test/conformance && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

# --- how fast, beside what people use today in the same run ----------------------------------------
# PARTS=create,execute picks parts (test/bench/main.c lists them), QUICK=1 takes smaller counts,
# BENCH_JSON says where the JSON goes.
BENCH_JSON    ?= build/bench.json
bench_sources := $(wildcard test/bench/*.c)
bench_objects := $(patsubst test/bench/%.c,$(B)/bench/%.o,$(bench_sources))
$(B)/bench/%.o: test/bench/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/bench/bench: $(bench_objects) $(B)/lib/json.a $(B)/lib/base.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# What is run inside of containers.
$(B)/bench/floor: test/bench/inside/floor.c
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) -std=c17 -D_GNU_SOURCE $(warnings) -Os -static -s -o $@ $<

bench_run = $(B)/bench/bench --sandpod $(abspath $(B)/sandpod) --floor $(B)/bench/floor
.PHONY: bench bench-check
bench: all image $(B)/bench/bench $(B)/bench/floor
	@$(bench_run) --json $(BENCH_JSON) $(if $(PARTS),--parts $(PARTS)) $(if $(QUICK),--quick)
# Ratios only, with wide margins: what a regression by half would break.
bench-check: all image $(B)/bench/bench $(B)/bench/floor
	@$(bench_run) --check

# --- what the two commands do ---------------------------------------------------------------------
.PHONY: run test deps-build deps-run deps-test
run: deps-run
	@$(MAKE) --no-print-directory -j$(jobs) all image
	@packaging/run.sh $(abspath $(B)/sandpod)

test: deps-test
	@$(MAKE) --no-print-directory -j$(jobs) WERROR=1 all image $(images:%=build/images/%.stored)
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory unit WERROR=1
	@$(MAKE) --no-print-directory component WERROR=1
	@$(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory conformance
	@$(MAKE) --no-print-directory e2e
	@$(MAKE) --no-print-directory bench-check

deps-build:
	@packaging/install.sh build
deps-run:
	@packaging/install.sh build run
deps-test:
	@packaging/install.sh build run test images

# --- what a machine can see -----------------------------------------------------------------------
.PHONY: check check-format check-layers check-borders check-banned check-length check-migrations check-tidy
check: check-format check-layers check-borders check-banned check-length check-migrations check-tidy

c_files := $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' 2>/dev/null)
check-format:
	@clang-format --dry-run --Werror $(c_files) && echo "format: ok"

may.file     := loop json config podman store wire sandbox
may.code     := $(may.file)
may.package  := $(may.file)
may.wire_call := wire
may.wire_file := wire
may.tool     := json
may.prompt   := tool
may.resource := tool
may_see       = $(base) $(may.$(1)) $(1)
wants         = sed -n 's/^\#include "\(.*\)\.h"$$/\1/p' $(1) 2>/dev/null | sort -u
check-layers:
	@bad=0; $(foreach m,$(modules), \
	  for h in $$(cat src/$(m)/*.[ch] | $(wants)); do \
	    case " $(call may_see,$(m)) migrations.inc drivers.inc " in (*" $$h "*) ;; \
	    (*) [ -f src/$(m)/$$h.h ] || { echo "src/$(m) may not include $$h.h"; bad=1; } ;; esac; \
	  done;) \
	$(foreach h,$(patsubst include/%.h,%,$(wildcard include/*.h)), \
	  for i in $$($(call wants,include/$(h).h)); do \
	    case " $(call may_see,$(h)) " in (*" $$i "*) ;; \
	    (*) echo "include/$(h).h may not include $$i.h"; bad=1 ;; esac; \
	  done;) \
	for h in src/*/*.h; do \
	  [ ! -f include/$${h##*/} ] || { echo "$$h has the name of a public header"; bad=1; }; \
	done; [ $$bad = 0 ] && echo "layers: ok"

# A foreign library is visible in one folder only.
border = ! grep -rnE '$(1)' src include | grep -vE '^($(2))'
check-borders:
	@$(call border,\<MHD_|microhttpd\.h,src/http/)
	@$(call border,\<curl_easy|\<curl_multi|curl/curl\.h,src/podman/)
	@$(call border,\<sqlite3_,src/store/)
	@$(call border,\<cJSON,src/json/|include/json\.h)
	@$(call border,\<uv_|<uv\.h>,src/loop/)
	@$(call border,\<EVP_|openssl/,src/base/digest\.c)
	@$(call border,\<pcre2_,src/sandbox/)
	@$(call border,\<MD_[A-Z]|md4c\.h,src/web/preview_markdown\.c)
	@$(call border,\<getenv\>,src/config/)
	@echo "borders: ok"

banned := sprintf|vsprintf|strcpy|strcat|strtok|atoi|atol|alloca|system|popen|sleep|usleep|gets|tmpnam|mktemp
check-banned:
	@! grep -nE '(^|[^A-Za-z0-9_>.])($(banned))[[:space:]]*\(' $(c_files) | grep -vE '^\S+:[0-9]+:\s*(\*|/\*|//)'
	@! grep -nE 'TODO|FIXME|\<XXX\>|NDEBUG' $(c_files)
	@echo "banned calls: none"

check-length:
	@ctags -R --languages=C --c-kinds=f --fields=+ne -o - src | awk -F'\t' ' \
	  { l = 0; e = 0; for (i = 4; i <= NF; i++) { if ($$i ~ /^line:/) l = substr($$i, 6); if ($$i ~ /^end:/) e = substr($$i, 5) } \
	    if (e - l + 1 > 60) { print $$2 ": " $$1 " has " e - l + 1 " lines"; bad = 1 } } END { exit bad }'
	@echo "function length: ok"

check-migrations:
	@cd migrations && sha256sum --check --quiet CHECKSUMS && \
	  [ "$$(ls *.sql | wc -l)" = "$$(grep -c . CHECKSUMS)" ] && echo "migrations: unchanged"

tidy_files = $(filter-out src/agent/%,$(filter src/%.c,$(c_files)))
check-tidy: $(B)/gen/migrations.inc $(B)/gen/packages.inc $(B)/gen/drivers.inc $(B)/gen/style.inc
	@printf '%s\n' $(tidy_files) | xargs -P $$(nproc) -n 1 sh -c 'clang-tidy --quiet "$$@" -- $(CPPFLAGS) -iquote $(B)/gen -std=c17 2>/dev/null' tidy
	@printf '%s\n' $(filter src/agent/%.c,$(c_files)) | xargs -P $$(nproc) -n 1 sh -c 'clang-tidy --quiet "$$@" -- -iquote include -D_GNU_SOURCE -std=c17 2>/dev/null' tidy
	@echo "clang-tidy: ok"

compile_commands.json: Makefile
	@{ echo '['; for f in $(filter src/%.c,$(c_files)); do \
	  printf '{"directory":"%s","file":"%s","command":"gcc $(subst ",\",$(CPPFLAGS)) -std=c17 -c %s"},\n' "$(CURDIR)" $$f $$f; \
	done | sed '$$s/,$$//'; echo ']'; } > $@

.PHONY: clean
clean:
	rm -rf build compile_commands.json
