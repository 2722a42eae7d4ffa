import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SlipwayConnectors
import SlipwayModel
import Testing

/// A real proxy with its metrics switched on and a Python server in each slot; the header `X-Canary: b` leads to slot b.
struct RealProxy {
  let product: ScrapeProduct
  let process: RealProcess
  let slots: [Slot: RealProcess]
  let front: Int
  let metrics: String
  let client: HTTPClient

  /// Sends requests one after the other and tells what came back.
  func hit(_ slot: Slot, _ path: String, times: Int) async throws -> [UInt] {
    var statuses: [UInt] = []
    for _ in 0..<times {
      var request = HTTPClientRequest(url: "http://127.0.0.1:\(front)\(path)")
      if slot == .b { request.headers.add(name: "X-Canary", value: "b") }
      // A connection that the proxy has just closed for its age would fail for nobody's fault.
      request.headers.add(name: "Connection", value: "close")
      let answer = try await client.execute(request, timeout: .seconds(60))
      _ = try await answer.body.collect(upTo: 1 << 20)
      statuses.append(answer.status.code)
    }
    return statuses
  }

  func source() throws -> ScrapeSource {
    let names = product == .haproxy ? SlotNames(a: "app_a/app", b: "app_b/app") : Self.names(product)
    return try ScrapeSource(
      ScrapeSpec(url: .both(SecretText(metrics)), product: product, names: names, timeout: .seconds(60)),
      secrets: SecretSource(environment: [:], folder: "/"), client: client)
  }

  private static func names(_ product: ScrapeProduct) -> SlotNames {
    product == .traefik ? SlotNames(a: "slot_a@file", b: "slot_b@file") : SlotNames(a: "slot_a", b: "slot_b")
  }

  /// Waits for a reading that fits.
  func eventually(
    _ what: String, _ source: ScrapeSource, _ fits: (CounterSample) -> Bool
  ) async throws -> CounterSample {
    var last: CounterSample?
    try await SlipwayConnectorsTests.eventually(
      "\(product) \(what): \(String(describing: last)) \(process.text.suffix(500))"
    ) {
      let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
      last = try? await source.sample(now: now, releases: [.a: "1", .b: "2"])
      return last.map(fits) ?? false
    }
    return try #require(last)
  }

  static func with<Result>(_ product: ScrapeProduct, _ body: (RealProxy) async throws -> Result) async throws -> Result
  {
    try await withScratchFolder { folder in
      try await PythonServers.with(PythonServers.upstream, ["a"], folder: folder) { a, portA in
        try await PythonServers.with(PythonServers.upstream, ["b"], folder: folder) { b, portB in
          let setup = ProxySetup(
            folder: folder, front: try freePort(), admin: try freePort(), a: portA, b: portB, innerA: try freePort(),
            innerB: try freePort())
          let (program, arguments, path) = try setup.write(product)
          return try await withRealProcess(program, arguments, folder: folder) { process in
            try await withHTTPClient { client in
              let proxy = RealProxy(
                product: product, process: process, slots: [.a: a, .b: b], front: setup.front,
                metrics: "http://127.0.0.1:\(setup.admin)\(path)", client: client)
              try await SlipwayConnectorsTests.eventually("\(product) is up: \(process.text.suffix(2_000))") {
                let answer = try? await client.execute(HTTPClientRequest(url: proxy.metrics), timeout: .seconds(10))
                guard let answer, answer.status == .ok else { return false }
                _ = try await answer.body.collect(upTo: 16 << 20)
                return (try? await proxy.hit(.a, "/", times: 1)) == [200]
              }
              return try await body(proxy)
            }
          }
        }
      }
    }
  }
}

/// The configuration of one proxy.
private struct ProxySetup {
  let folder: URL
  let front: Int
  let admin: Int
  let a: Int
  let b: Int
  /// Where Caddy passes requests on to itself, because it counts by server.
  let innerA: Int
  let innerB: Int

  /// Writes it and says how the proxy is started and where its metrics are.
  func write(_ product: ScrapeProduct) throws -> (program: String, arguments: [String], path: String) {
    switch product {
    case .haproxy:
      try file("proxy.cfg", haproxy)
      return ("/usr/sbin/haproxy", ["-db", "-f", "proxy.cfg"], "/metrics")
    case .traefik:
      // `traefik.yml` would be taken for its own settings.
      try file("routes.yml", traefik)
      return (
        RealSeaweed.tools + "/traefik",
        [
          "--providers.file.filename=\(folder.path)/routes.yml", "--entrypoints.web.address=127.0.0.1:\(front)",
          "--entrypoints.traefik.address=127.0.0.1:\(admin)", "--metrics.prometheus=true",
          "--metrics.prometheus.addserviceslabels=true", "--global.checknewversion=false",
        ], "/metrics"
      )
    case .caddy:
      try file("caddy.json", caddy)
      return (
        "/usr/bin/env", ["HOME=\(folder.path)", RealSeaweed.tools + "/caddy", "run", "--config", "caddy.json"],
        "/metrics"
      )
    case .envoy:
      try file("envoy.yaml", envoy)
      return (
        "/usr/bin/env",
        [
          RealSeaweed.tools + "/envoy", "-c", "envoy.yaml", "--concurrency", "1", "--use-dynamic-base-id", "-l",
          "error",
        ],
        "/stats/prometheus"
      )
    case .nginxPlus, .nginxVTS: throw NeverHappened(description: "\(product) does not run here")
    }
  }

  private func file(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  private var haproxy: String {
    """
    defaults
      mode http
      timeout connect 1s
      timeout client 10s
      timeout server 10s
    frontend web
      bind 127.0.0.1:\(front)
      use_backend app_b if { req.hdr(x-canary) b }
      default_backend app_a
    frontend metrics
      bind 127.0.0.1:\(admin)
      http-request use-service prometheus-exporter if { path /metrics }
    backend app_a
      server app 127.0.0.1:\(a)
    backend app_b
      server app 127.0.0.1:\(b)

    """
  }

  private var traefik: String {
    """
    http:
      routers:
        tester: {rule: "Header(`X-Canary`, `b`)", service: slot_b, priority: 100, entryPoints: [web]}
        app: {rule: "PathPrefix(`/`)", service: slot_a, entryPoints: [web]}
      services:
        slot_a: {loadBalancer: {servers: [{url: "http://127.0.0.1:\(a)"}]}}
        slot_b: {loadBalancer: {servers: [{url: "http://127.0.0.1:\(b)"}]}}

    """
  }

  private var caddy: String {
    func pass(_ port: Int) -> String { #"{"handler":"reverse_proxy","upstreams":[{"dial":"127.0.0.1:\#(port)"}]}"# }
    func inner(_ port: Int, _ to: Int) -> String {
      #"{"listen":["127.0.0.1:\#(port)"],"routes":[{"handle":[\#(pass(to))]}]}"#
    }
    return #"""
      {"admin":{"listen":"127.0.0.1:\#(admin)","config":{"persist":false}},"apps":{"http":{"metrics":{},"servers":{
      "front":{"listen":["127.0.0.1:\#(front)"],"routes":[
      {"match":[{"header":{"X-Canary":["b"]}}],"handle":[\#(pass(innerB))],"terminal":true},{"handle":[\#(pass(innerA))]}]},
      "slot_a":\#(inner(innerA, a)),"slot_b":\#(inner(innerB, b))}}}}
      """#
  }

  private var envoy: String {
    func cluster(_ name: String, _ port: Int) -> String {
      let place = "{socket_address: {address: 127.0.0.1, port_value: \(port)}}"
      return
        "- {name: \(name), load_assignment: {cluster_name: \(name), endpoints: [{lb_endpoints: [{endpoint: {address: \(place)}}]}]}}"
    }
    let type = "type.googleapis.com/envoy.extensions.filters"
    return """
      admin: {address: {socket_address: {address: 127.0.0.1, port_value: \(admin)}}}
      stats_flush_interval: 0.2s
      static_resources:
        listeners:
        - address: {socket_address: {address: 127.0.0.1, port_value: \(front)}}
          filter_chains:
          - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": \(type).network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: in
                http_filters: [{name: envoy.filters.http.router, typed_config: {"@type": \(type).http.router.v3.Router}}]
                route_config:
                  virtual_hosts:
                  - name: app
                    domains: ["*"]
                    routes:
                    - {match: {prefix: "/", headers: [{name: x-canary, string_match: {exact: b}}]}, route: {cluster: slot_b}}
                    - {match: {prefix: "/"}, route: {cluster: slot_a}}
        clusters:
        \(cluster("slot_a", a))
        \(cluster("slot_b", b))

      """
  }
}
