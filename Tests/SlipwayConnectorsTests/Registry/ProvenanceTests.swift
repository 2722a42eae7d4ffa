import Foundation
import SlipwayConnectors
import SlipwayEvidence
import SlipwayModel
import Testing

@Suite("Provenance")
struct ProvenanceTests {
  private static let builder = "https://ci.example.com/builder@v2"
  private static let source = "git+https://git.example.com/team/shop"
  private static let commit = "c0ffee0000000000000000000000000000000001"

  /// SLSA provenance 1 as builders write it.
  static func statement(
    _ digest: Digest, builder: String = builder, source: String = source + "@refs/heads/main", commit: String = commit,
    predicate: String = "https://slsa.dev/provenance/v1"
  ) -> String {
    """
    {"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"shop","digest":{"sha256":"\(digest.hex)"}}],
    "predicateType":"\(predicate)","predicate":{"buildDefinition":{"buildType":"https://ci.example.com/make",
    "externalParameters":{"source":"\(source)"},"resolvedDependencies":[{"uri":"git+https://git.example.com/tools"},
    {"uri":"\(source)","digest":{"gitCommit":"\(commit)"}}]},"runDetails":{"builder":{"id":"\(builder)"}}}}
    """
  }

  /// The same in the words of 0.2.
  private static func older(_ digest: Digest) -> String {
    """
    {"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"shop","digest":{"sha256":"\(digest.hex)"}}],
    "predicateType":"https://slsa.dev/provenance/v0.2","predicate":{"builder":{"id":"\(builder)"},"invocation":{"configSource":
    {"uri":"\(source)@refs/tags/1","digest":{"sha1":"\(commit)"}}},"materials":[{"uri":"git+https://git.example.com/other"}]}}
    """
  }

  private static func judge(
    _ spec: ProvenanceSpec, _ artifact: String, _ client: RegistryClient, folder: URL, commit: String? = "c0ffee"
  ) async -> GateReport {
    await ArtifactGate(folder: folder.path, registry: client).provenance(
      .provenance(spec), spec, of: Release(id: "1", artifact: artifact, commit: commit), at: Timestamp(milliseconds: 0))
  }

  @Test(
    "E5, F7: an attestation counts with a known key, builder, source and commit, in cosign's tag and in the stand-in for referrers",
    arguments: [Signer.Kind.ed25519, .p256], [true, false])
  func real(kind: Signer.Kind, isCosign: Bool) async throws {
    try await withScratchFolder { folder in
      let signer = try await Signer(kind, "builder", in: folder)
      let stranger = try await Signer(kind, "stranger", in: folder)
      let spec = ProvenanceSpec(keys: ["builder.pub"], builder: Self.builder, source: Self.source)
      try await RealRegistry.with(in: folder) { registry in
        let digest = try await registry.push("shop", tag: "1", content: "x")
        let artifact = "\(registry.host)/shop:1@\(digest)"
        func judge(_ statements: [(Signer, String)], _ other: ProvenanceSpec? = nil) async throws -> GateReport {
          var envelopes: [Data] = []
          for (signer, statement) in statements { envelopes.append(try await signer.envelope(statement)) }
          if !envelopes.isEmpty { try await registry.attach(envelopes, to: digest, in: "shop", isCosign: isCosign) }
          return await Self.judge(other ?? spec, artifact, registry.asker(), folder: folder)
        }
        #expect(try await judge([]).verdict == .undecided)
        let good = try await judge([(signer, Self.statement(digest))])
        #expect(good.verdict == .passed, "\(good)")
        #expect(good.reason.contains(Self.builder))
        #expect(good.proof.contains { $0.what.contains("attestation (counts)") && $0.digest != nil })
        #expect(good.proof.contains { $0.from == "builder.pub" })
        #expect(try await judge([(signer, Self.older(digest))]).verdict == .passed)
        #expect(try await judge([(stranger, Self.statement(digest))]).verdict == .failed)
        let both = try await judge([(stranger, Self.statement(digest)), (signer, Self.statement(digest))])
        #expect(both.verdict == .passed)
        #expect(both.warnings.count == 1)
        let wrongs = [
          Self.statement(digest, builder: "https://elsewhere.example.com"),
          Self.statement(digest, source: "git+https://git.example.com/fork"),
          Self.statement(digest, commit: "badbad0000000000000000000000000000000001"),
          Self.statement(Digest(of: Data("other".utf8))), "{\"_type\":\"none\"}",
        ]
        for wrong in wrongs {
          let report = try await judge([(signer, wrong)])
          #expect(report.verdict == .failed, "\(report)")
        }
        let list = Self.statement(digest, predicate: "https://cyclonedx.org/bom")
        #expect(try await judge([(signer, list)]).verdict == .undecided)
        let asked = ProvenanceSpec(keys: ["builder.pub"], predicate: "https://cyclonedx.org/bom")
        #expect(try await judge([(signer, list)], asked).verdict == .passed)
        let missing = ProvenanceSpec(keys: ["no.pub"])
        #expect(try await judge([], missing).verdict == .error)
        try await registry.process.crash()
        #expect(try await judge([]).verdict == .error)
      }
    }
  }

  @Test("E5: the list of referrers is asked first, and two different keys are two even where the hints say otherwise")
  func referrers() async throws {
    try await withScratchFolder { folder in
      let first = try await Signer(.ed25519, "first", in: folder)
      let second = try await Signer(.p256, "second", in: folder)
      try FileManager.default.copyItem(
        at: folder.appending(path: "first.pub"), to: folder.appending(path: "again.pub"))
      let digest = Digest(of: Data("image".utf8))
      let table = try await Self.attached(
        [first.envelope(Self.statement(digest)), second.envelope(Self.statement(digest))], to: digest, folder)
      try await RegistryServers.contract(table, in: folder) { server in
        func verdict(_ keys: [String], _ threshold: Int) async -> Verdict {
          await Self.judge(
            ProvenanceSpec(keys: keys, threshold: threshold, source: Self.source), "\(server.host)/shop@\(digest)",
            RealRegistry.asker(server.host, nil, folder: folder), folder: folder
          ).verdict
        }
        #expect(await verdict(["first.pub", "second.pub"], 2) == .passed)
        #expect(await verdict(["second.pub"], 1) == .passed)
        #expect(await verdict(["first.pub", "again.pub"], 2) == .undecided)
        let questions = try server.questions()
        #expect(questions.contains { $0.path == "/v2/shop/referrers/\(digest)" })
        // What is in the list is not looked for by the tag that stands in for it.
        #expect(!questions.contains { $0.path.hasSuffix("manifests/sha256-\(digest.hex)") })
      }
    }
  }

  /// A registry's answers with `envelopes` in its list of referrers, the first in a Sigstore bundle.
  private static func attached(
    _ envelopes: [Data], to digest: Digest, _ folder: URL
  ) throws -> [String: RegistryServers.Entry] {
    var table: [String: RegistryServers.Entry] = [:]
    var entries: [String] = []
    for (index, envelope) in envelopes.enumerated() {
      let isBundle = index == 0
      let text = String(decoding: envelope, as: UTF8.self)
      let blob =
        isBundle ? #"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","dsseEnvelope":\#(text)}"# : text
      let type = isBundle ? "application/vnd.dev.sigstore.bundle.v0.3+json" : "application/vnd.dsse.envelope.v1+json"
      let layer = Digest(of: Data(blob.utf8))
      let manifest =
        #"{"schemaVersion":2,"layers":[{"mediaType":"\#(type)","digest":"\#(layer)","size":\#(blob.utf8.count)}]}"#
      let name = Digest(of: Data(manifest.utf8))
      table["/v2/shop/blobs/\(layer)"] = .init(text: blob)
      table["/v2/shop/manifests/\(name)"] = .init(
        headers: ["Content-Type": ImageManifest.mediaTypes[1]], text: manifest)
      entries.append(#"{"mediaType":"\#(ImageManifest.mediaTypes[1])","digest":"\#(name)","size":1}"#)
    }
    table["/v2/shop/referrers/\(digest)"] = .init(
      headers: ["Content-Type": ImageManifest.mediaTypes[0]],
      text: #"{"schemaVersion":2,"manifests":[\#(entries.joined(separator: ","))]}"#)
    return table
  }

  @Test("E5: a source that was only fetched beside does not stand in for the one that was asked for")
  func substitutes() throws {
    let digest = Digest(of: Data("x".utf8))
    let text = Self.statement(digest, source: "git+https://git.example.com/fork")
      .replacing("git+https://git.example.com/tools", with: Self.source)
    let statement = try ProvenanceStatement(Data(text.utf8))
    #expect(statement.sources.map(\.uri) == ["git+https://git.example.com/fork"])
    for (left, right, isSame) in [
      ("git+https://h/a.git", "https://h/a", true), ("https://h/a@refs/heads/main", "https://h/a", true),
      ("https://h/a", "https://h/a@refs/heads/main", false), ("https://h/ab", "https://h/a", false),
      ("https://user@h/a", "https://h/a", false), ("https://h/a/", "https://h/a", true),
    ] { #expect(ProvenanceStatement.isSame(left, right) == isSame, "\(left) \(right)") }
  }

  @Test("F7: however an attestation is damaged, it counts only with the very payload that was signed")
  func damaged() async throws {
    try await withScratchFolder { folder in
      let digest = Digest(of: Data("x".utf8))
      for kind in Signer.Kind.allCases {
        let signer = try await Signer(kind, "k-\(kind)", in: folder)
        let pem = try String(contentsOf: folder.appending(path: signer.publicFile), encoding: .utf8)
        let policy = ProvenancePolicy(
          spec: ProvenanceSpec(keys: ["k"], builder: Self.builder), keys: [try VerificationKey(pem: pem)],
          digest: digest,
          commit: Self.commit)
        let good = try await signer.envelope(Self.statement(digest))
        guard case .good = policy.judge(good) else {
          Issue.record("the untouched one does not count")
          return
        }
        let payload = try Envelope(json: good).payload
        var random = Mutations(seed: 11)
        for _ in 0..<1_500 {
          let bad = random.mutated(good)
          guard case .good = policy.judge(bad) else { continue }
          #expect(try Envelope(json: bad).payload == payload)
        }
      }
    }
  }
}

/// Seeded damage to real samples.
struct Mutations: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// `data` with one to three places changed, cut or doubled.
  mutating func mutated(_ data: Data) -> Data {
    var bytes = Array(data)
    for _ in 0..<Int.random(in: 1...3, using: &self) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &self)
      switch Int.random(in: 0..<5, using: &self) {
      case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &self)
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(UInt8.random(in: 32...126, using: &self), at: place)
      case 3: bytes.removeSubrange(place..<min(bytes.count, place + 20))
      default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 20)], at: place)
      }
    }
    return Data(bytes)
  }
}
