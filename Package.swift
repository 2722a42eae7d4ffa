// swift-tools-version: 6.2
import PackageDescription

// `make fuzz` sets it: the same sources, counted edge by edge for libFuzzer, and the program that runs them. Nothing else sees a difference.
let isFuzzing = Context.environment["SLIPWAY_FUZZ"] != nil

let strict: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer", "-O"])] : [])

// Dependencies point downward only: a target lists the rooms below it, never one beside or above it (docs/architecture.md).
let package = Package(
  name: "slipway",
  products: [.executable(name: "slipway", targets: ["slipway"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
  ],
  targets: [
    // Values and rules: no I/O, no clock.
    .target(
      name: "SlipwayModel",
      dependencies: [.product(name: "Crypto", package: "swift-crypto")], swiftSettings: strict),
    // Documents that people decide from, as HTML and text: pure functions.
    .target(name: "SlipwayPages", dependencies: ["SlipwayModel"], swiftSettings: strict),
    // slipway.yaml in, a checked Pipeline or a list of mistakes out; JSON Schema from the same definition.
    .target(
      name: "SlipwayPipelineFile",
      dependencies: ["SlipwayModel", .product(name: "Yams", package: "Yams")], swiftSettings: strict),
    // Counts in, verdicts out: pure functions.
    .target(name: "SlipwayAnalysis", dependencies: ["SlipwayModel"], swiftSettings: strict),
    // Append, read, wake-ups; hash chain; SQLite.
    .target(
      name: "SlipwayJournal",
      dependencies: [
        "SlipwayModel", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"), .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: strict),
    // Evidence folders: manifest, signatures, offline verification.
    .target(
      name: "SlipwayEvidence",
      dependencies: ["SlipwayModel", .product(name: "Crypto", package: "swift-crypto")], swiftSettings: strict),
    // The built-in data plane, a process of its own.
    .target(
      name: "SlipwayRouter",
      dependencies: [
        "SlipwayModel", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"), .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], swiftSettings: strict),
    // Supervised local processes that outlive the command that started them.
    .systemLibrary(name: "CSlipwaySpawn"),
    .target(name: "SlipwayHost", dependencies: ["SlipwayModel", "CSlipwaySpawn"], swiftSettings: strict),
    // The outside world: one folder per kind, one file per product.
    .target(
      name: "SlipwayConnectors",
      dependencies: [
        "SlipwayModel", "SlipwayEvidence", "SlipwayRouter", "SlipwayHost",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: strict),
    // Who somebody is: ID tokens of an OpenID provider, signatures of SSH keys; sign-in from the command line.
    .target(
      name: "SlipwayIdentity",
      dependencies: [
        "SlipwayModel", "SlipwayConnectors", .product(name: "JWTKit", package: "jwt-kit"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ], swiftSettings: strict),
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CSlipwayDisk"),
    // Databases and their files: snapshots, copies, restores, swaps.
    .target(
      name: "SlipwayData",
      dependencies: [
        "SlipwayModel", "SlipwayConnectors", "CLibPQ", "CSlipwayDisk", "CZlib",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ], swiftSettings: strict),
    // Drives promotions: intent, effect, read-back, result.
    .target(
      name: "SlipwayEngine",
      dependencies: [
        "SlipwayModel", "SlipwayPages", "SlipwayAnalysis", "SlipwayJournal", "SlipwayEvidence", "SlipwayConnectors",
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    // The service, the load and the script of `slipway demo`.
    .target(
      name: "SlipwayDemo",
      dependencies: [
        "SlipwayModel", .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: strict),
    // The command line: parse, call, print.
    .executableTarget(
      name: "slipway",
      dependencies: [
        "SlipwayModel", "SlipwayPipelineFile", "SlipwayAnalysis", "SlipwayJournal", "SlipwayEvidence", "SlipwayRouter",
        "SlipwayHost", "SlipwayConnectors", "SlipwayIdentity", "SlipwayData", "SlipwayEngine", "SlipwayDemo",
        "SlipwayPages",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    // What `make bench` runs: ours beside the bare limit of the machine.
    .executableTarget(
      name: "slipway-bench",
      dependencies: [
        "SlipwayModel", "SlipwayAnalysis", "SlipwayJournal", "SlipwayEngine", "SlipwayConnectors", "SlipwayData",
        "SlipwayEvidence", "SlipwayRouter",
        .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Benchmarks/slipway-bench", swiftSettings: strict),
    // What `make bench-judge` runs: simulated canaries under our judge and under the rules of others.
    .executableTarget(
      name: "judge-bench",
      dependencies: [
        "SlipwayModel", "SlipwayAnalysis", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Benchmarks/judge-bench", swiftSettings: strict),
    // Drives a data plane for `make bench-traffic`.
    .executableTarget(
      name: "traffic-bench",
      dependencies: [
        "SlipwayModel", "SlipwayConnectors", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ], path: "Benchmarks/traffic-bench", swiftSettings: strict),

    .testTarget(name: "SlipwayModelTests", dependencies: ["SlipwayModel"], swiftSettings: strict),
    .testTarget(
      name: "SlipwayPagesTests", dependencies: ["SlipwayPages", "SlipwayModel"], exclude: ["browser.py"],
      swiftSettings: strict),
    // Every reachable state of the machine for small worlds, and the faults that this must find.
    .testTarget(name: "SlipwayExplorationTests", dependencies: ["SlipwayModel"], swiftSettings: strict),
    .testTarget(
      name: "SlipwayPipelineFileTests", dependencies: ["SlipwayPipelineFile", "SlipwayModel"], swiftSettings: strict),
    .testTarget(
      name: "SlipwayAnalysisTests", dependencies: ["SlipwayAnalysis", "SlipwayModel"], swiftSettings: strict),
    .testTarget(
      name: "SlipwayJournalTests",
      dependencies: [
        "SlipwayJournal", "SlipwayModel", "journal-crash-probe", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: strict),
    // A writer that tests kill.
    .executableTarget(
      name: "journal-crash-probe", dependencies: ["SlipwayJournal", "SlipwayModel"],
      path: "Tests/Probes/journal-crash-probe", swiftSettings: strict),
    .testTarget(
      name: "SlipwayEvidenceTests", dependencies: ["SlipwayEvidence", "SlipwayModel"], swiftSettings: strict),
    .testTarget(
      name: "SlipwayRouterTests",
      dependencies: [
        "SlipwayRouter", "SlipwayModel", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"), .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], swiftSettings: strict),
    .executableTarget(
      name: "host-probe", dependencies: ["SlipwayHost", "SlipwayModel"], path: "Tests/Probes/host-probe",
      swiftSettings: strict),
    .testTarget(
      name: "SlipwayHostTests", dependencies: ["SlipwayHost", "SlipwayModel", "host-probe"], swiftSettings: strict),
    .testTarget(
      name: "SlipwayConnectorsTests",
      dependencies: [
        "SlipwayConnectors", "SlipwayEvidence", "SlipwayRouter", "SlipwayHost", "SlipwayModel", "host-probe",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
      ], exclude: ["Samples"], swiftSettings: strict),
    .testTarget(
      name: "SlipwayIdentityTests",
      dependencies: [
        "SlipwayIdentity", "SlipwayConnectors", "SlipwayModel", .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Crypto", package: "swift-crypto"), .product(name: "CryptoExtras", package: "swift-crypto"),
      ], swiftSettings: strict),
    .testTarget(
      name: "SlipwayDataTests",
      dependencies: [
        "SlipwayData", "SlipwayConnectors", "SlipwayModel", "snapshot-probe",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: strict),
    // Makes, restores and deletes snapshots; tests kill it, fill its disk and fail its calls.
    .executableTarget(
      name: "snapshot-probe", dependencies: ["SlipwayData", "SlipwayConnectors", "SlipwayModel"],
      path: "Tests/Probes/snapshot-probe", swiftSettings: strict),
    .testTarget(
      name: "SlipwayEngineTests",
      dependencies: [
        "SlipwayEngine", "SlipwayConnectors", "SlipwayJournal", "SlipwayEvidence", "SlipwayAnalysis", "SlipwayModel",
      ], swiftSettings: strict),
    // The whole engine on a simulated world, in a process of its own because it takes over the runtime's thread pool.
    .executableTarget(
      name: "slipway-simulation",
      dependencies: [
        "SlipwayEngine", "SlipwayConnectors", "SlipwayJournal", "SlipwayEvidence", "SlipwayModel",
      ], path: "Tests/Simulation", swiftSettings: strict),
    .testTarget(
      name: "SlipwaySimulationTests", dependencies: ["SlipwayModel", "slipway-simulation"], swiftSettings: strict),
    // The built program as a user meets it, and the checks on the repository itself.
    .testTarget(
      name: "SlipwayCommandTests",
      dependencies: [
        "SlipwayModel", "SlipwayEngine", "SlipwayJournal", "slipway",
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: strict),
  ]
)

if isFuzzing {
  package.targets += [
    .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
    // The parsers under libFuzzer (docs/testing.md).
    .executableTarget(
      name: "slipway-fuzz",
      dependencies: [
        "CLibFuzzer", "SlipwayModel", "SlipwayPipelineFile", "SlipwayJournal", "SlipwayEvidence", "SlipwayConnectors",
        "SlipwayEngine", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], path: "Tests/Fuzz/slipway-fuzz", swiftSettings: strict,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
  ]
}
