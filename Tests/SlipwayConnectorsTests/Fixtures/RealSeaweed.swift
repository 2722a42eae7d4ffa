import AsyncHTTPClient
import Foundation
import SlipwayConnectors
import SlipwayModel

/// A running SeaweedFS that speaks S3, with an identity that may write and not make buckets, one that may do everything, and a bucket `requests`.
struct RealSeaweed {
  static let access = "key-of-tests"
  static let secret = "secret-of-tests"

  let process: RealProcess
  let url: String
  let folder: URL

  /// The place where `scripts/test-tools` installs programs.
  static let tools: String = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/root") + "/.cache"
    return (environment["SLIPWAY_TEST_TOOLS"] ?? cache + "/slipway-test-tools") + "/bin"
  }()

  static func with<Result>(_ body: (RealSeaweed) async throws -> Result) async throws -> Result {
    try await withScratchFolder { folder in
      let identities = """
        {"identities":[{"name":"slipway","credentials":[{"accessKey":"\(access)","secretKey":"\(secret)"}],
        "actions":["Read","Write","List"]},
        {"name":"admin","credentials":[{"accessKey":"admin","secretKey":"admin-of-tests"}],"actions":["Admin","Read","Write","List"]}]}
        """
      try Data(identities.utf8).write(to: folder.appending(path: "s3.json"))
      let ports = try (0..<8).map { _ in try freePort() }
      let names = ["master", "volume", "filer", "s3"].flatMap { ["\($0).port", "\($0).port.grpc"] }
      let arguments =
        ["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-dir=\(folder.path)", "-filer", "-s3", "-s3.port.iceberg=0"]
        + ["-s3.port.lance=0", "-s3.config=s3.json", "-volume.max=20", "-master.volumeSizeLimitMB=64"]
        + ["-master.telemetry=false"] + zip(names, ports).map { "-\($0)=\($1)" }
      defer { forget(ports) }
      return try await withRealProcess(tools + "/weed", arguments, folder: folder) { process in
        let store = RealSeaweed(process: process, url: "http://127.0.0.1:\(ports[6])", folder: folder)
        try await eventually("the store is ready: \(process.text.suffix(2_000))") {
          try await store.python("import urllib.request as u; u.urlopen(sys.argv[1] + '/healthz', timeout=5)") != nil
        }
        try await eventually("the store makes a bucket") {
          try await store.python("store.create_bucket(Bucket='requests')") != nil
        }
        return try await body(store)
      }
    }
  }

  /// Its sockets outlive it.
  private static func forget(_ ports: [Int]) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
    where name.hasPrefix("seaweedfs-") && ports.contains(where: { name.hasSuffix("-\($0).sock") }) {
      try? FileManager.default.removeItem(atPath: "/tmp/" + name)
    }
  }

  /// A shelf in this store.
  func shelf(
    bucket: String = "requests", prefix: String = "team/a", secret: String = secret, client: HTTPClient
  ) -> S3Shelf {
    S3Shelf(
      BucketSpec(
        endpoint: url, bucket: bucket, prefix: prefix, accessKey: SecretText("${env:KEY}"),
        secretKey: SecretText("${env:SECRET}")),
      secrets: SecretSource(environment: ["KEY": Self.access, "SECRET": secret], folder: "/"), client: client,
      now: { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }, pause: { _ in })
  }

  /// Asks the store by another client, boto3, which is `store`; nil when that failed.
  func python(_ lines: String) async throws -> String? {
    let script = """
      import sys, boto3
      from botocore.config import Config
      store = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="admin",
          aws_secret_access_key="admin-of-tests", config=Config(s3={"addressing_style": "path"}))
      \(lines)
      """
    let file = folder.appending(path: "\(UUID().uuidString).py")
    try Data(script.utf8).write(to: file)
    return try await withRealProcess(Self.tools + "/python3", [file.path, url], folder: folder) { process in
      try await eventually("python ends: \(process.text)") { !process.isRunning }
      return process.text.contains("Traceback") ? nil : process.text
    }
  }
}
