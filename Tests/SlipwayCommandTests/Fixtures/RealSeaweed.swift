import Foundation

/// A running SeaweedFS that speaks S3, with an identity that may write and not make buckets, one that may do everything, and a bucket `requests`; ended with the test.
struct RealSeaweed {
  static let keys = ["S3_KEY": "key-of-tests", "S3_SECRET": "secret-of-tests"]

  let process: Companion
  let port: Int
  private let folder: URL

  /// The place where `scripts/test-tools` installs programs.
  private static let tools: String = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/root") + "/.cache"
    return (environment["SLIPWAY_TEST_TOOLS"] ?? cache + "/slipway-test-tools") + "/bin"
  }()

  static func with<Result>(_ body: (RealSeaweed) async throws -> Result) async throws -> Result {
    let folder = URL(filePath: "/tmp/swb-\(UInt32.random(in: .min ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let identities = """
      {"identities":[{"name":"slipway","credentials":[{"accessKey":"key-of-tests","secretKey":"secret-of-tests"}],
      "actions":["Read","Write","List"]},
      {"name":"admin","credentials":[{"accessKey":"admin","secretKey":"admin-of-tests"}],"actions":["Admin","Read","Write","List"]}]}
      """
    try Data(identities.utf8).write(to: folder.appending(path: "s3.json"))
    let ports = (0..<8).map { _ in FreePorts.take() }
    let names = ["master", "volume", "filer", "s3"].flatMap { ["\($0).port", "\($0).port.grpc"] }
    let words =
      ["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-dir=\(folder.path)", "-filer", "-s3", "-s3.port.iceberg=0"]
      + ["-s3.port.lance=0", "-s3.config=\(folder.path)/s3.json", "-volume.max=20", "-master.volumeSizeLimitMB=64"]
      + ["-master.telemetry=false"] + zip(names, ports).map { "-\($0)=\($1)" }
    let process = try Companion.start(tools + "/weed", words, in: folder)
    defer {
      process.forget()
      for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
      where name.hasPrefix("seaweedfs-") && ports.contains(where: { name.hasSuffix("-\($0).sock") }) {
        try? FileManager.default.removeItem(atPath: "/tmp/" + name)
      }
    }
    let store = RealSeaweed(process: process, port: ports[6], folder: folder)
    try await eventually("the store makes a bucket", within: .seconds(60)) {
      try await store.python("store.create_bucket(Bucket='requests')").code == 0
    }
    return try await body(store)
  }

  /// An object as another client, boto3, reads it.
  func object(_ key: String) async throws -> String {
    try await python("sys.stdout.write(store.get_object(Bucket='requests', Key='\(key)')['Body'].read().decode())").text
  }

  private func python(_ line: String) async throws -> Program.Output {
    let script = """
      import sys, boto3
      from botocore.config import Config
      store = boto3.client("s3", endpoint_url="http://127.0.0.1:\(port)", region_name="us-east-1", aws_access_key_id="admin",
          aws_secret_access_key="admin-of-tests", config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}))
      \(line)
      """
    return try await Program.run(Self.tools + "/python3", ["-c", script], in: folder)
  }
}
