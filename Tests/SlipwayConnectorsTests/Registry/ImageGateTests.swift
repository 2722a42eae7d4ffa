import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

@Suite("Images in a registry")
struct ImageGateTests {
  private static let now = Timestamp(milliseconds: 1_700_000_000_000)

  private func report(
    _ artifact: String, _ registry: RegistryClient, digest: Digest? = nil, platform: String? = nil,
    use: RegistryUse = .ask
  ) async -> GateReport {
    await ArtifactGate(folder: "/nowhere", registry: registry).immutableReference(
      .immutableReference(platform: platform, registry: use), platform: platform, registry: use,
      of: Release(id: "1", artifact: artifact, digest: digest), at: Self.now)
  }

  @Test("E5: an image passes while its registry serves its digest, and fails once its tag was pushed again")
  func repushed() async throws {
    try await withScratchFolder { folder in
      try await RealRegistry.with(in: folder) { registry in
        let first = try await registry.push("team/shop", tag: "1.0", content: "first")
        let artifact = "\(registry.host)/team/shop:1.0@\(first)"
        let good = await report(artifact, registry.asker(), digest: first)
        #expect(good.verdict == .passed, "\(good)")
        #expect(good.proof.count == 2)
        #expect(good.proof.allSatisfy { $0.digest == first && $0.at == Self.now })
        #expect(good.proof[0].from == "http://\(registry.host)/v2/team/shop/manifests/\(first)")

        let other = await report(artifact, registry.asker(), digest: Digest(of: Data("else".utf8)))
        #expect(other.verdict == .failed)

        let second = try await registry.push("team/shop", tag: "1.0", content: "second")
        let moved = await report(artifact, registry.asker(), digest: first)
        #expect(moved.verdict == .failed)
        #expect(moved.reason.contains("\(first)") && moved.reason.contains("\(second)"), "\(moved.reason)")
        #expect(moved.remedy != nil)
        // Without the tag beside it nothing was promised about the tag.
        let bare = await report("\(registry.host)/team/shop@\(first)", registry.asker(), digest: first)
        #expect(bare.verdict == .passed)
      }
    }
  }

  @Test("E5: a bare tag never passes, and the digest it has now is said")
  func tag() async throws {
    try await withScratchFolder { folder in
      try await RealRegistry.with(in: folder) { registry in
        let digest = try await registry.push("shop", tag: "2.0", content: "x")
        for tag in ["2.0", "latest"] {
          let found = await report("\(registry.host)/shop:\(tag)", registry.asker(), digest: digest)
          #expect(found.verdict == .failed)
          #expect(found.reason.contains("\(digest)") == (tag == "2.0"), "\(found.reason)")
        }
        let implied = await report("\(registry.host)/shop", registry.asker(), digest: digest)
        #expect(implied.verdict == .failed)
        #expect(implied.reason.contains("moving tag"))
      }
    }
  }

  @Test(
    "E5: a digest that was never pushed, or was deleted, fails; a registry that cannot be asked is an error, never a pass"
  )
  func gone() async throws {
    try await withScratchFolder { folder in
      try await RealRegistry.with(in: folder) { registry in
        let digest = try await registry.push("shop", tag: "1", content: "x")
        let artifact = "\(registry.host)/shop:1@\(digest)"
        let never = await report("\(registry.host)/shop@\(Digest(of: Data("never".utf8)))", registry.asker())
        #expect(never.verdict == .failed)
        let elsewhere = await report("\(registry.host)/other@\(digest)", registry.asker())
        #expect(elsewhere.verdict == .failed)
        try await registry.delete("shop", digest)
        let deleted = await report(artifact, registry.asker(), digest: digest)
        #expect(deleted.verdict == .failed)
        #expect(deleted.reason.contains("serves no"))
        try await registry.process.crash()
        let down = await report(artifact, registry.asker(), digest: digest)
        #expect(down.verdict == .error)
        #expect(down.remedy?.contains("reachable") == true)
        let skipped = await report(artifact, registry.asker(), digest: digest, use: .skip)
        #expect(skipped.verdict == .passed)
        #expect(skipped.warnings.count == 1)
      }
    }
  }

  @Test("E5: of an image for several platforms, the one that is asked for must be there and be served")
  func platforms() async throws {
    try await withScratchFolder { folder in
      try await RealRegistry.with(in: folder) { registry in
        let amd = try await registry.push("shop", content: "amd", architecture: "amd64")
        let arm = try await registry.push("shop", content: "arm", architecture: "arm64")
        let index = try await registry.pushIndex("shop", tag: "3", [(amd, "amd64"), (arm, "arm64")])
        let artifact = "\(registry.host)/shop:3@\(index)"
        let good = await report(artifact, registry.asker(), digest: index, platform: "linux/arm64")
        #expect(good.verdict == .passed, "\(good)")
        #expect(good.proof.contains { $0.digest == arm && $0.what.contains("linux/arm64") })
        let missing = await report(artifact, registry.asker(), platform: "linux/s390x")
        #expect(missing.verdict == .failed)
        #expect(missing.reason.contains("linux/amd64, linux/arm64"), "\(missing.reason)")
        let single = "\(registry.host)/shop@\(amd)"
        #expect(await report(single, registry.asker(), platform: "linux/amd64").verdict == .passed)
        #expect(await report(single, registry.asker(), platform: "linux/arm64").verdict == .failed)
        try await registry.delete("shop", arm)
        let holed = await report(artifact, registry.asker(), platform: "linux/arm64")
        #expect(holed.verdict == .failed)
      }
    }
  }

  @Test("E5: an image that umoci made and skopeo pushed passes")
  func tools() async throws {
    try await withScratchFolder { folder in
      try await RealRegistry.with(in: folder) { registry in
        try await shell(
          "umoci init --layout u && umoci new --image u:v1 && skopeo copy -q --preserve-digests --dest-tls-verify=false "
            + "oci:u:v1 docker://\(registry.host)/made/here:v1", in: folder)
        let text = try await shell(
          "skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://\(registry.host)/made/here:v1", in: folder)
        let digest = try #require(Digest(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        let found = await report("\(registry.host)/made/here:v1@\(digest)", registry.asker(), digest: digest)
        #expect(found.verdict == .passed, "\(found)")
      }
    }
  }

  @Test("E11: the way back is open while the image of what serves is still there, and shut when it is not")
  func rollbackTarget() async throws {
    try await withScratchFolder { folder in
      try await RealRegistry.with(in: folder) { registry in
        let digest = try await registry.push("shop", tag: "1", content: "blue")
        func report(_ artifact: String, _ digest: Digest?) async throws -> GateReport {
          let plan = try Self.plan(blue: Release(id: "1", artifact: artifact, digest: digest))
          return await ArtifactGate(folder: folder.path, registry: registry.asker()).rollbackTarget(
            .rollbackTarget, of: plan, at: Self.now)
        }
        let artifact = "\(registry.host)/shop:1@\(digest)"
        let good = try await report(artifact, digest)
        #expect(good.verdict == .passed)
        #expect(good.proof.contains { $0.what == "slipway rollback production --incident ID" })
        #expect(good.proof.contains { $0.digest == digest })
        let file = folder.appending(path: "app.tar")
        try Data("blue".utf8).write(to: file)
        #expect(try await report("app.tar", Digest(of: Data("blue".utf8))).verdict == .passed)
        #expect(try await report("app.tar", Digest(of: Data("other".utf8))).verdict == .failed)
        try FileManager.default.removeItem(at: file)
        #expect(try await report("app.tar", Digest(of: Data("blue".utf8))).verdict == .failed)
        try await registry.delete("shop", digest)
        let gone = try await report(artifact, digest)
        #expect(gone.verdict == .failed)
        #expect(gone.remedy?.contains("push") == true)
        try await registry.process.crash()
        #expect(try await report(artifact, digest).verdict == .error)
        let opaque = try await report("v1", nil)
        #expect(opaque.verdict == .passed)
        #expect(opaque.warnings.count == 1)
      }
    }
  }

  private static func plan(blue: Release) throws -> Plan {
    let environment = EnvironmentSpec(
      name: "production", deploy: .commands(CommandsSpec(run: "x", addressA: "a:1", addressB: "b:1")),
      traffic: .router(RouterSpec(listen: "127.0.0.1:1")))
    return Plan(
      operation: .promote, project: "shop", release: Release(id: "2", artifact: "x"), from: nil, to: "production",
      environment: environment, blue: Placement(slot: .a, release: blue, run: "r", since: now), green: .b, steps: [],
      watch: WatchSpec(), rollback: RollbackSpec(), windows: [:], roles: [:])
  }
}
