# Everything that builds, tests or measures Slipway. A folder of build products may be given: make test BUILD=/somewhere
BUILD ?= $(or $(SLIPWAY_BUILD_DIR),.build)
RELEASE ?= .build-release
PREFIX ?= /usr/local
SWIFT_FLAGS = --scratch-path $(BUILD)
RELEASE_FLAGS = -c release --scratch-path $(RELEASE)
DEMO_DIR ?= slipway-demo

.PHONY: build test lint demo examples bench bench-data bench-judge bench-traffic bench-peers soak soak-simulation soak-crash soak-calendar fuzz soak-fuzz install requirements clean

build:
	@scripts/install-packages build
	swift build $(SWIFT_FLAGS) --product slipway

demo: build
	$(BUILD)/debug/slipway demo --dir $(DEMO_DIR)

# The two examples with data, each in its folder with a PostgreSQL cluster of its own: one that goes well and three that do not.
examples: example-canary-sop example-odoo-blue-green

example-%: build
	@scripts/install-packages examples
	SLIPWAY=$(abspath $(BUILD))/debug/slipway examples/$*/run $(or $(STORY),all)

# Suites that compute; they come first, or they would take the processor from those that watch real processes and clocks.
PURE = Slipway(Model|Exploration|Simulation|PipelineFile|Analysis|Evidence|Pages)Tests
TEST_FLAGS = $(SWIFT_FLAGS) --skip-build --disable-xctest

# Everything that CI runs. One form of build for all, because another one would link everything anew.
test:
	@scripts/install-packages test
	@scripts/test-tools
	@$(MAKE) --no-print-directory lint
	@scripts/requirements --check
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(TEST_FLAGS) --experimental-maximum-parallelization-width 6 --filter '$(PURE)'
	SLIPWAY_PROGRAM=$(abspath $(BUILD))/debug/slipway swift test $(TEST_FLAGS) \
	  --experimental-maximum-parallelization-width 5 --skip '$(PURE)'

lint:
	swift format lint --strict --recursive Sources Tests Benchmarks Package.swift

# Rewrites the last column of docs/requirements.md from the names of the tests.
requirements:
	scripts/requirements

bench:
	@scripts/install-packages test
	swift build $(RELEASE_FLAGS) --product slipway
	swift build $(RELEASE_FLAGS) --product slipway-bench
	Benchmarks/run $(abspath $(RELEASE))/release

# Copies of a large database and its files beside plain copies of the same bytes; DIR is where, 3 GB are needed.
bench-data:
	@scripts/install-packages test
	swift build $(RELEASE_FLAGS) --product slipway-bench
	$(RELEASE)/release/slipway-bench data $(or $(DIR),$(RELEASE)/bench-data)

# Simulated canaries under our judge and under the rules of others; RUNS of each cell.
bench-judge:
	@scripts/install-packages build
	swift build $(RELEASE_FLAGS) --product judge-bench
	$(RELEASE)/release/judge-bench --runs $(or $(RUNS),2000)

# What moving traffic costs on each data plane, beside one another in one run.
bench-traffic:
	@scripts/install-packages bench
	@scripts/test-tools
	swift build $(RELEASE_FLAGS) --product slipway
	swift build $(RELEASE_FLAGS) --product traffic-bench
	Benchmarks/traffic/run $(abspath $(RELEASE))/release
	Benchmarks/traffic/loop $(abspath $(RELEASE))/release

bench-peers:
	@scripts/install-packages test
	swift build $(RELEASE_FLAGS) --product slipway-bench
	Benchmarks/peers/run $(abspath $(RELEASE))/release

# The long runs. SECONDS is how long the simulation and each fuzzer go on, ROUNDS how often the real program is hurt.
soak: soak-crash soak-simulation soak-calendar soak-fuzz

soak-crash:
	@scripts/install-packages test
	swift build $(SWIFT_FLAGS) --build-tests
	SLIPWAY_PROGRAM=$(abspath $(BUILD))/debug/slipway SLIPWAY_SOAK=$(or $(ROUNDS),200) swift test $(SWIFT_FLAGS) --skip-build \
	  --disable-xctest --no-parallel --filter 'SlipwayCommandTests.(CrashTests|CrashKindTests|DiskFaultTests|FlushTests|PowerCutTests|StoppedAndShiftedTests)'

# Random inputs for every parser, guided by what they reach: SECONDS each (docs/testing.md).
fuzz:
	@scripts/install-packages build
	SECONDS_EACH=$(or $(SECONDS),60) scripts/fuzz $(TARGETS)

# The same, longer, and every byte of every signed file.
soak-fuzz:
	@$(MAKE) --no-print-directory fuzz SECONDS=$(or $(SECONDS),300)
	swift build $(SWIFT_FLAGS) --build-tests
	SLIPWAY_SOAK=1 swift test $(SWIFT_FLAGS) --skip-build --disable-xctest --filter EveryByte

# The whole engine on a simulated world, seed after seed, beginning where nobody looked yet.
soak-simulation:
	swift build $(SWIFT_FLAGS) --build-tests
	$(BUILD)/debug/slipway-simulation --soak $(or $(SECONDS),600) --from $$(date +%s)000

# Random calendar rules, windows and zones against dateutil and zoneinfo, each rule at five instants, from a new seed; RULES of each.
soak-calendar:
	@scripts/install-packages test
	swift build $(SWIFT_FLAGS) --build-tests
	SLIPWAY_CALENDAR_SEED=$(or $(SEED),$$(date +%s)) SLIPWAY_CALENDAR_RULES=$(or $(RULES),23000) swift test $(SWIFT_FLAGS) \
	  --skip-build --disable-xctest --filter CalendarOracleTests

install:
	@scripts/install-packages build
	swift build $(RELEASE_FLAGS) --product slipway
	install -D -m 755 $(RELEASE)/release/slipway $(DESTDIR)$(PREFIX)/bin/slipway

clean:
	rm -rf $(BUILD) $(RELEASE)
