import AsyncHTTPClient
import Foundation
import Glibc
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("Copies of snapshots in a bucket", .serialized)
struct SnapshotBucketTests {
  /// One client for all, which the process takes with it.
  private static let client = HTTPClient(
    eventLoopGroupProvider: .singleton, configuration: .init(redirectConfiguration: .disallow))

  private func keys(_ bucket: RealBucket) async throws -> [String] {
    let text = try await bucket.python(
      "print(*sorted(o['Key'] + ' ' + str(o['Size']) for o in store.list_objects_v2(Bucket='snapshots').get('Contents', [])), sep='\\n')"
    )
    return (text ?? "?").split(separator: "\n").map(String.init)
  }

  @Test(
    "C3: a copy goes to the bucket in pieces and comes back byte by byte; the second time nothing is sent"
  )
  func roundTrip() async throws {
    try await RealBucket.with { bucket in
      try await SnapshotShop.with { shop in
        try shop.files.fill(300)
        // More than two pieces of incompressible data.
        try shop.files.fill(2, seed: 9, size: 18_000_000)
        try shop.files.write("checklist/one\ntwo", "")
        let snapshot = try await shop.take("first")
        let copies = bucket.copies(client: Self.client)
        #expect(try await copies.put(snapshot) > 36_000_000)
        #expect(try await copies.put(snapshot) == 0)
        #expect(
          try await keys(bucket).map { $0.split(separator: " ")[0] } == [
            "team/a/first.json", "team/a/first.tar",
          ])
        let other = SnapshotStore(folder: shop.store.folder + "-other")
        let fetched = try await copies.fetch("first", into: other)
        #expect(fetched.digest == snapshot.digest)
        #expect(tree(fetched.folder) == tree(snapshot.folder))
        #expect(await other.verify("first").allPassed)
        let twice = await #expect(throws: ConnectorError.self) {
          try await copies.fetch("first", into: other)
        }
        #expect(twice?.message.contains("is there already") == true)
        try await copies.remove("first")
        try await copies.remove("first")
        #expect(try await keys(bucket).isEmpty)
        let none = await #expect(throws: ConnectorError.self) {
          try await copies.fetch("first", into: shop.store)
        }
        #expect(none?.message.contains("no whole copy") == true)
      }
    }
  }

  @Test("C3, B11: an encrypted copy can be read with the recipient's key alone")
  func encrypted() async throws {
    try await RealBucket.with { bucket in
      try await SnapshotShop.with { shop in
        try shop.files.fill(50)
        try shop.files.write("secret.txt", "the plain words of a customer")
        let snapshot = try await shop.take("first")
        let folder = shop.files.folder.deletingLastPathComponent().path
        var recipients: [String] = []
        for name in ["right", "wrong"] {
          let made = try await Probe.run(["/usr/bin/age-keygen", "-o", "\(folder)/\(name)"])
          recipients.append(String(made.text.split(whereSeparator: \.isWhitespace).last ?? ""))
        }
        let copies = bucket.copies(recipients: [recipients[0]], client: Self.client)
        try await copies.put(snapshot)
        let head = try await bucket.python(
          "d = store.get_object(Bucket='snapshots', Key='team/a/first.tar.age')['Body'].read(); print(d[:21].decode(), b'customer' in d)"
        )
        #expect(head == "age-encryption.org/v1 False\n")
        let other = SnapshotStore(folder: shop.store.folder + "-other")
        for identity in [nil, "\(folder)/wrong", "\(folder)/missing", "/tmp/x' y"] {
          let error = await #expect(throws: ConnectorError.self) {
            try await copies.fetch("first", into: other, identity: identity)
          }
          #expect(error?.message.isEmpty == false)
          #expect(try other.list().whole.isEmpty)
        }
        let fetched = try await copies.fetch("first", into: other, identity: "\(folder)/right")
        #expect(tree(fetched.folder) == tree(snapshot.folder))
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: other.folder + "/.making").isEmpty)
      }
    }
  }

  @Test(
    "C3: a copy that was changed, cut, or is another's in the bucket is refused and nothing is kept"
  )
  func damaged() async throws {
    try await RealBucket.with { bucket in
      try await SnapshotShop.with { shop in
        try shop.files.fill(50)
        let copies = bucket.copies(client: Self.client)
        try await copies.put(try await shop.take("first"))
        try await copies.put(try await shop.take("second", at: 1_780_000_001_000))
        let other = SnapshotStore(folder: shop.store.folder + "-other")
        for line in [
          "d = bytearray(d); d[len(d) // 2] ^= 1; d = bytes(d)", "d = d[:-512]",
          "d = store.get_object(Bucket='snapshots', Key='team/a/second.tar')['Body'].read()",
        ] {
          try await bucket.python(
            "k = 'team/a/first.tar'; d = old = store.get_object(Bucket='snapshots', Key=k)['Body'].read()\n\(line)\nstore.put_object(Bucket='snapshots', Key=k, Body=d)\nstore.put_object(Bucket='snapshots', Key='old', Body=old)"
          )
          let error = await #expect(throws: ConnectorError.self) {
            try await copies.fetch("first", into: other)
          }
          #expect(error?.code == .garbage, "\(line): \(String(describing: error))")
          #expect(try other.list().whole.isEmpty)
          try await bucket.python(
            "store.put_object(Bucket='snapshots', Key='team/a/first.tar', Body=store.get_object(Bucket='snapshots', Key='old')['Body'].read())"
          )
        }
        _ = try await copies.fetch("first", into: other)
      }
    }
  }

  @Test(
    "C3: an upload that breaks off is aborted at the store, and one whose sender died is cleared away by the next"
  )
  func aborted() async throws {
    try await RealBucket.with { bucket in
      let objects = bucket.objects(client: Self.client)
      struct Broken: Error {}
      let error = await #expect(throws: ConnectorError.self) {
        var count = 0
        try await objects.write("big") { size throws(ConnectorError) in
          count += 1
          if count == 2 { throw ConnectorError(.refused, "the disk broke") }
          return Data(count: size)
        }
      }
      #expect(error?.message == "the disk broke")
      #expect(try await objects.openUploads("big").isEmpty)
      // As a sender that was killed leaves it.
      try await bucket.python("store.create_multipart_upload(Bucket='snapshots', Key='team/a/big')")
      try await bucket.python(
        "store.create_multipart_upload(Bucket='snapshots', Key='team/a/bigger')")
      #expect(try await objects.openUploads("big").count == 1)
      var pieces = [Data(repeating: 7, count: 6_000_000), Data("end".utf8)]
      try await objects.write("big") { _ throws(ConnectorError) in
        pieces.isEmpty ? nil : pieces.removeFirst()
      }
      #expect(try await objects.openUploads("big").isEmpty)
      #expect(try await objects.openUploads("bigger").count == 1)
      #expect(try await objects.look("big")?.length == 6_000_003)
    }
  }

  @Test("F7, B11: a wrong key and a missing tar: named, without the key")
  func refusals() async throws {
    try await RealBucket.with { bucket in
      try await SnapshotShop.with { shop in
        try shop.files.fill(2)
        let snapshot = try await shop.take("first")
        let wrong = await #expect(throws: ConnectorError.self) {
          try await bucket.copies(secret: "hunter2-hunter2", client: Self.client).put(snapshot)
        }
        #expect(
          wrong?.code == .refused && wrong?.message.contains("hunter2") == false,
          "\(String(describing: wrong))")
        let noTar = SnapshotBucket(
          bucket.spec(), secrets: RealBucket.secrets, client: Self.client, path: "/nonexistent",
          now: RealBucket.now)
        let untarred = await #expect(throws: ConnectorError.self) { try await noTar.put(snapshot) }
        #expect(untarred?.message.contains("tar") == true, "\(String(describing: untarred))")
        #expect(try await keys(bucket).isEmpty)
      }
    }
  }
}
