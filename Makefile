# make demo   see a function run on another host (on this one, as another process)
# make deps   what the tests need: Debian's packages, by root once, and a few others
# make test   the tests; what is missing is said, and its tests are skipped
# make ci     the tests, strictly: what is missing is a failure
# make check  format, vet (macOS and Windows too), staticcheck, tidy
# make build  the binaries, into bin/
# make bench  Whiskaway beside other ways to run a function, into bench/results (a quarter of an hour; BENCH_FLAGS=--quick: a look)

GO ?= go
# What runs elsewhere too: servermode is for Linux.
PORTABLE = ./clientmode/... ./loadbalancer/... ./runtime-spec/... ./internal/... ./cmd/clientmode ./cmd/loadbalancer ./cmd/servermode ./cmd/whiskaway/...
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 5000x
export GORACE = atexit_sleep_ms=0

.PHONY: demo build bench deps test ci check fuzz images clean go

demo: build
	@python=$$(examples/plates/setup.sh) && bin/whiskaway demo --python "$$python"

# Before anything else happens: is there a Go that can build this?
go:
	@test/go.sh "$(GO)"

build: go
	@echo "building bin/clientmode, bin/servermode, bin/loadbalancer and bin/whiskaway"
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w" -o bin/ ./cmd/...

deps:
	@test/deps.sh

test: go
	@GO="$(GO)" test/run.sh

ci: go
	@GO="$(GO)" WHISKAWAY_TEST_STRICT=1 test/run.sh

# Every fuzzer for a moment; a longer FUZZTIME (30s, say) finds more. Counted and
# not timed: an end that comes while an input is made smaller counts as a failure.
fuzz: go
	@for package in $$($(GO) list ./...); do \
		for fuzzer in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "fuzzing $$package $$fuzzer for $(FUZZTIME)"; \
			$(GO) test -run '^$$' -fuzz "^$$fuzzer$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$package >/tmp/fuzz.$$$$ 2>&1 || { cat /tmp/fuzz.$$$$; rm -f /tmp/fuzz.$$$$; exit 1; }; \
			rm -f /tmp/fuzz.$$$$; \
		done; \
	done

check: go
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	$(GO) vet ./...
	cd bench && $(GO) vet ./...
	CGO_ENABLED=0 GOOS=darwin $(GO) vet $(PORTABLE)
	CGO_ENABLED=0 GOOS=windows $(GO) build $(PORTABLE)
	$(GO) run $(STATICCHECK) ./...
	cd bench && $(GO) run $(STATICCHECK) ./...
	$(GO) mod tidy -diff
	cd bench && $(GO) mod tidy -diff

bench: build
	cd bench && $(GO) run ./sidebyside $(BENCH_FLAGS)

images:
	docker build -f Dockerfile.client -t whiskaway/client .
	docker build -f Dockerfile.server -t whiskaway/server .
	docker build -f Dockerfile.loadbalancer -t whiskaway/loadbalancer .

clean:
	rm -rf bin
