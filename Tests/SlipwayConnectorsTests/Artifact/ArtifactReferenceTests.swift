internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

@Suite("Artifacts")
struct ArtifactReferenceTests {
  private static let digest = Digest(of: Data("app".utf8))

  @Test(
    "E5: a tag moves, and a name without one means latest",
    arguments: [
      ("app", "latest", true), ("registry:5000/team/app", "latest", true), ("app:prod", "prod", true),
      ("app:Production", "Production", true), ("app:staging", "staging", true), ("app:main", "main", true),
      ("app:master", "master", true), ("app:stable", "stable", true), ("app:dev", "dev", true),
      ("app:edge", "edge", true), ("app:nightly", "nightly", true), ("registry:5000/app:1.2.3", "1.2.3", false),
      ("app@sha256:abc", "sha256:abc", false),
    ])
  func tags(text: String, tag: String, moves: Bool) async throws {
    try await withFolder { folder in
      #expect(ArtifactReference(text, folder: folder) == .tag(tag, isNamedMoving: moves))
      let report = ImmutableReferenceGate(folder: folder).judge(
        .immutableReference(), Release(id: "1", artifact: text), at: Timestamp(milliseconds: 0))
      #expect(report.verdict == .failed)
      #expect(report.reason.contains("sha256:"))
    }
  }

  @Test("E5: a reference by digest passes, unless another digest was registered")
  func byDigest() {
    let artifact = "registry:5000/app:1.2@\(Self.digest)"
    #expect(ArtifactReference(artifact, folder: "/") == .byDigest(Self.digest))
    func verdict(_ built: Digest?) -> Verdict {
      ImmutableReferenceGate(folder: "/").judge(
        .immutableReference(), Release(id: "1", artifact: artifact, digest: built), at: Timestamp(milliseconds: 0)
      ).verdict
    }
    #expect(verdict(nil) == .passed)
    #expect(verdict(Self.digest) == .passed)
    #expect(verdict(Digest(of: Data("other".utf8))) == .failed)
  }

  @Test("E5: a file passes with its registered digest, fails once changed, and is an error when gone")
  func file() async throws {
    try await withFolder { folder in
      let path = try write("app", to: "app.tar", in: folder)
      func report(_ digest: Digest?) -> GateReport {
        ImmutableReferenceGate(folder: folder).judge(
          .immutableReference(), Release(id: "1", artifact: "app.tar", digest: digest), at: Timestamp(milliseconds: 0))
      }
      #expect(report(Self.digest).verdict == .passed)
      #expect(report(nil).verdict == .failed)
      _ = try write("changed", to: "app.tar", in: folder)
      #expect(report(Self.digest).verdict == .failed)
      #expect(report(Self.digest).reason.contains("changed after the build"))
      try FileManager.default.removeItem(atPath: path)
      #expect(report(Self.digest).verdict == .error)
      #expect(report(Self.digest).reason.contains("does not exist"))
    }
  }

  @Test("the digest of a large file is that of its bytes, read in pieces")
  func large() async throws {
    try await withFolder { folder in
      let data = Data((0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31) })
      let path = try write(data, to: "large", in: folder)
      #expect(try FileDigest.of(path) == Digest(of: data))
    }
  }

  @Test("a folder and a pipe are no artifacts, and nobody waits for them")
  func noFile() async throws {
    try await withFolder { folder in
      mkfifo(folder + "/pipe", 0o600)
      for path in [folder, folder + "/pipe", "/dev/zero"] {
        let error = #expect(throws: ConnectorError.self) { try FileDigest.of(path) }
        #expect(error?.code == .misconfigured)
        #expect(error?.message.contains("no file") == true)
      }
    }
  }
}
