import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SlipwayConnectors
import SlipwayModel

/// The server, and planes that speak to it.
struct Gateway: Sendable {
  let process: RealProcess
  let port: Int
  let client: HTTPClient
  let folder: String
  let plane: GatewayPlane

  init(process: RealProcess, port: Int, client: HTTPClient, folder: String) throws {
    (self.process, self.port, self.client, self.folder) = (process, port, client, folder)
    plane = try Self.plane(port, client, folder)
  }

  /// Runs `body` with a server that holds a route which serves nobody yet.
  static func with(_ body: (Gateway) async throws -> Void) async throws {
    try await withScratchFolder { folder in
      try Data(route(a: "0", b: "0", note: nil).utf8).write(to: folder.appending(path: "route.json"))
      let arguments = [folder.appending(path: "route.json").path, "secret-token"]
      try await PythonServers.with(PythonServers.kubernetes, arguments, folder: folder) { process, port in
        try await withHTTPClient { client in
          try await body(try Gateway(process: process, port: port, client: client, folder: folder.path))
        }
      }
    }
  }

  func plane(token: String = "secret-token", route: String = "app", deadline: Span = .seconds(20)) throws
    -> GatewayPlane
  {
    try Self.plane(port, client, folder, token: token, route: route, deadline: deadline)
  }

  private static func plane(
    _ port: Int, _ client: HTTPClient, _ folder: String, token: String = "secret-token", route: String = "app",
    deadline: Span = .seconds(20)
  ) throws -> GatewayPlane {
    try Data("\(token)\n".utf8).write(to: URL(filePath: folder + "/token-\(token)"))
    let spec = GatewaySpec(
      server: "http://127.0.0.1:\(port)", namespace: "shop", route: route, serviceA: "app-a", serviceB: "app-b",
      token: SecretText("${file:token-\(token)}"), url: "http://127.0.0.1:1")
    return try GatewayPlane(
      spec, folder: folder, secrets: SecretSource(environment: [:], folder: folder), client: client, deadline: deadline)
  }

  /// The real answer to the next GET, so that the one after it can be another.
  var get: String { #"{"status": 200, "body": \#(Self.route(a: "0", b: "0", note: nil))}"# }

  /// Tells the server how to behave; its state.
  @discardableResult func order(_ json: String) async throws -> String {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/order")
    request.method = .POST
    request.body = .bytes(ByteBuffer(string: json))
    return String(buffer: try await client.execute(request, timeout: .seconds(20)).body.collect(upTo: 1 << 20))
  }

  /// Changes the route by server-side apply, as GitOps tools do; the server's answer.
  func apply(_ body: String, as manager: String, force: Bool = false) async throws -> (status: UInt, body: String) {
    let path = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/app"
    var request = HTTPClientRequest(
      url: "http://127.0.0.1:\(port)\(path)?fieldManager=\(manager)&force=\(force)")
    request.method = .PATCH
    request.headers.add(name: "authorization", value: "Bearer secret-token")
    request.headers.add(name: "content-type", value: "application/apply-patch+yaml")
    request.body = .bytes(ByteBuffer(string: body))
    let answer = try await client.execute(request, timeout: .seconds(20))
    return (answer.status.code, String(buffer: try await answer.body.collect(upTo: 1 << 20)))
  }

  /// The rules of a route as a GitOps tool keeps them.
  static func rules(a: Int, b: Int) -> String {
    #"[{"matches": [{"headers": [{"name": "x-canary", "value": "green"}]}], "backendRefs": [{"name": "app-b", "port": 80}]}, "#
      + #"{"backendRefs": [{"name": "app-a", "port": 80, "weight": \#(a)}, {"name": "app-b", "port": 80, "weight": \#(b)}]}]"#
  }

  /// How the watches of the plane were asked for, the oldest first.
  func watches() async throws -> [[String: String]] {
    try JSONDecoder().decode(Asked.self, from: Data(try await order("{}").utf8)).watches
  }

  private struct Asked: Decodable {
    let watches: [[String: String]]
  }

  static func route(a: String, b: String, note: String?) -> String {
    route(
      references: #"[{"name": "app-a", "port": 80, "weight": \#(a)}, {"name": "app-b", "port": 80, "weight": \#(b)}]"#,
      note: note)
  }

  static func route(references: String, note: String? = nil) -> String {
    let notes = note.map { #", "annotations": {"slipway.dev/split": "\#($0)"}"# } ?? ""
    return #"{"kind": "HTTPRoute", "metadata": {"name": "app", "resourceVersion": "1", "generation": 1\#(notes)}, "#
      + #""spec": {"rules": [{"matches": [{"headers": [{"name": "x-canary", "value": "green"}]}], "#
      + #""backendRefs": [{"name": "app-b", "port": 80}]}, {"backendRefs": \#(references)}]}}"#
  }
}
