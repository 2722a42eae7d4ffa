import AsyncHTTPClient
import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel

/// A running SeaweedFS that speaks S3, with a bucket `snapshots`; gone with this process however that ends.
struct RealBucket {
  let url: String
  private let folder: URL

  private static let tools: String = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/root") + "/.cache"
    return (environment["SLIPWAY_TEST_TOOLS"] ?? cache + "/slipway-test-tools") + "/bin"
  }()

  static let secrets = SecretSource(
    environment: ["KEY": "key-of-tests", "SECRET": "secret-of-tests"], folder: "/")

  /// The shell waits for its standard input to end, which happens when this process does, and takes the store away.
  private static let script = #"""
    cd "$1"; shift; "$@" >log 2>&1 & pid=$!
    cat >/dev/null || true
    kill -9 $pid
    """#

  static func with<Result>(_ body: (RealBucket) async throws -> Result) async throws -> Result {
    try await withScratchFolder { folder in
      let identities = """
        {"identities":[{"name":"admin","credentials":[{"accessKey":"key-of-tests","secretKey":"secret-of-tests"}],
        "actions":["Admin","Read","Write","List"]}]}
        """
      try Data(identities.utf8).write(to: folder.appending(path: "s3.json"))
      let ports = try (0..<8).map { _ in try freePort() }
      let names = ["master", "volume", "filer", "s3"].flatMap { ["\($0).port", "\($0).port.grpc"] }
      let process = Process()
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments =
        [
          "-c", script, "sh", folder.path, tools + "/weed", "server", "-ip=127.0.0.1",
          "-ip.bind=127.0.0.1",
        ]
        + [
          "-dir=\(folder.path)", "-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0",
          "-s3.config=s3.json",
        ]
        + ["-volume.max=20", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"]
        + zip(names, ports).map { "-\($0)=\($1)" }
      let input = Pipe()
      process.standardInput = input
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
      defer {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        where name.hasPrefix("seaweedfs-")
          && ports.contains(where: { name.hasSuffix("-\($0).sock") })
        {
          try? FileManager.default.removeItem(atPath: "/tmp/" + name)
        }
      }
      let bucket = RealBucket(url: "http://127.0.0.1:\(ports[6])", folder: folder)
      try await eventually("the store makes a bucket") {
        try await bucket.python("store.create_bucket(Bucket='snapshots')") != nil
      }
      return try await body(bucket)
    }
  }

  func spec(recipients: [String] = [], secret: String = "${env:SECRET}") -> SnapshotBucketSpec {
    SnapshotBucketSpec(
      endpoint: url, bucket: "snapshots", prefix: "team/a", accessKey: SecretText("${env:KEY}"),
      secretKey: SecretText(secret), recipients: recipients)
  }

  func copies(recipients: [String] = [], secret: String = "${env:SECRET}", client: HTTPClient)
    -> SnapshotBucket
  {
    SnapshotBucket(
      spec(recipients: recipients, secret: secret), secrets: Self.secrets, client: client,
      path: "/usr/local/bin:/usr/bin:/bin", now: Self.now)
  }

  func objects(client: HTTPClient) -> S3Objects {
    S3Objects(spec(), secrets: Self.secrets, client: client, now: Self.now) { _ in }
  }

  static let now: @Sendable () -> Timestamp = {
    Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
  }

  /// Asks the store by another client, boto3, which is `store`; nil when that failed.
  @discardableResult
  func python(_ lines: String) async throws -> String? {
    let script = """
      import sys, boto3
      from botocore.config import Config
      store = boto3.client("s3", endpoint_url="\(url)", region_name="us-east-1", aws_access_key_id="key-of-tests",
          aws_secret_access_key="secret-of-tests", config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}))
      \(lines)
      """
    let ending = try await Probe.run([Self.tools + "/python3", "-c", script])
    return ending.code == 0 ? ending.text : nil
  }
}
