// swift-tools-version: 6.1
import PackageDescription

/// Every Swift target is held to the same rules: Swift 6 mode, imports stated, warnings are errors.
///
/// A generic type that is made by its name looks for each of its conformances among all that the program
/// has: a worker did that ninety times before its first word, each time over five thousand of them. Made by
/// its accessor, which names them, it does not.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-warnings-as-errors"]),
    .unsafeFlags(
        ["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"],
        .when(configuration: .release)),
]

/// The worker starts once per attempt inside an empty root: one static, position-independent file.
///
/// A debug build, which only the unit tests make, has no use for that.
let staticWorker: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-use-ld=lld", "-Xclang-linker", "-static-pie", "-Xlinker", "-s",
            "-Xlinker", "--no-export-dynamic", "-Xlinker", "--pack-dyn-relocs=relr",
        ],
        .when(configuration: .release))
]

/// Nothing is exported: three megabytes of aurad's pages would be names that nobody looks up.
///
/// What is to be relocated at each start is a map of bits and no table of two megabytes.
let lean: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker",
            "pack-relative-relocs",
        ], .when(configuration: .release))
]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func cLibrary(_ name: String, package: String, debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: package, providers: [.apt([debian])])
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "aura",
    products: [
        .executable(name: "aurad", targets: ["aurad"]),
        .executable(name: "aura-worker", targets: ["aura-worker"]),
        .executable(name: "aura-ctl", targets: ["aura-ctl"]),
        .executable(name: "aura-bench", targets: ["aura-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    ],
    targets: [
        // Values and kernels: pure.
        library("AuraModel", []),
        library("AuraAutomata", ["AuraModel"]),
        library("AuraSupervision", ["AuraModel"]),
        // Adapters: each owns one library or one kernel interface.
        library("AuraSystem", ["AuraModel", "CLinux"]),
        library("AuraRecord", ["AuraModel", "CLMDB", "CCrypto", crypto]),
        library("AuraConfinement", ["AuraModel", "AuraSystem", "CLinux", "CSeccomp"]),
        library("AuraHTTP", ["AuraModel", "CCurl"]),
        library("AuraReasoner", ["AuraModel", "AuraHTTP", "CCurl"]),
        library("AuraJournal", ["AuraModel", "CSystemd"]),
        library("AuraConfiguration", ["AuraModel", "CYAML"]),
        library("AuraTools", ["AuraModel", "AuraSystem"]),
        // Composition.
        library(
            "AuraDaemon",
            [
                "AuraModel", "AuraSupervision", "AuraSystem", "AuraRecord", "AuraConfinement",
                "AuraHTTP", "AuraReasoner", "AuraJournal", "AuraConfiguration", crypto,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "aurad",
            dependencies: [
                "AuraModel", "AuraSystem", "AuraDaemon",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict, linkerSettings: lean),
        .executableTarget(
            name: "aura-worker",
            dependencies: ["AuraModel", "AuraAutomata", "AuraTools", "AuraSystem"],
            swiftSettings: strict, linkerSettings: staticWorker),
        .executableTarget(
            name: "aura-ctl",
            dependencies: [
                "AuraModel", "CEdit", crypto,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict, linkerSettings: lean),
        .executableTarget(
            name: "aura-bench",
            dependencies: [
                "AuraModel", "AuraAutomata", "AuraSupervision", "AuraRecord", "AuraConfinement",
                "AuraSystem", "AuraReasoner", "CBenchBaseline",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        // C: module maps and the few shims that variadic functions and missing headers need.
        .target(name: "CLinux"),
        .target(name: "CBenchBaseline", dependencies: ["CLMDB", "CCrypto", "CCurl"]),
        cLibrary("CCrypto", package: "libcrypto", debian: "libssl-dev"),
        cLibrary("CLMDB", package: "lmdb", debian: "liblmdb-dev"),
        cLibrary("CEdit", package: "libedit", debian: "libedit-dev"),
        cLibrary("CCurl", package: "libcurl", debian: "libcurl4-openssl-dev"),
        cLibrary("CSystemd", package: "libsystemd", debian: "libsystemd-dev"),
        cLibrary("CSeccomp", package: "libseccomp", debian: "libseccomp-dev"),
        cLibrary("CYAML", package: "yaml-0.1", debian: "libyaml-dev"),
        // Tests.
        tests("AuraModelTests", ["AuraModel"]),
        tests("AuraAutomataTests", ["AuraModel", "AuraAutomata"]),
        tests("AuraSupervisionTests", ["AuraModel", "AuraSupervision"]),
        tests("AuraSystemTests", ["AuraModel", "AuraSystem"]),
        .target(name: "CDiskFaults", dependencies: ["CLMDB"], path: "Tests/CDiskFaults"),
        tests(
            "AuraRecordTests",
            ["AuraModel", "AuraRecord", "AuraSupervision", "CLMDB", "CDiskFaults"]),
        tests("AuraConfinementTests", ["AuraModel", "AuraSystem", "AuraConfinement"]),
        tests("AuraHTTPTests", ["AuraModel", "AuraHTTP"]),
        tests("AuraReasonerTests", ["AuraModel", "AuraReasoner"]),
        tests("AuraJournalTests", ["AuraModel", "AuraJournal"]),
        tests("AuraConfigurationTests", ["AuraModel", "AuraConfiguration"]),
        tests("AuraToolsTests", ["AuraModel", "AuraTools"]),
        tests(
            "AuraDaemonTests",
            [
                "AuraModel", "AuraAutomata", "AuraSupervision", "AuraSystem", "AuraRecord",
                "AuraConfinement", "AuraReasoner", "AuraDaemon", "CDiskFaults", crypto,
            ]),
        tests(
            "AuraControlTests",
            [
                "AuraModel", "aura-ctl",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        tests("TidyTests", []),
    ]
)
