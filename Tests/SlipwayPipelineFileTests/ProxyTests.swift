import SlipwayPipelineFile
import Testing

@Suite("Pipeline file: data planes of others")
struct ProxyTests {
  private func problems(_ traffic: String, _ metrics: String = "data-plane", second: String? = nil) -> [String] {
    let other = second.map {
      """
        other:
          deploy: {processes: {run: ./shop, ports: {a: 7003, b: 7004}}}
          traffic: \($0)
          metrics: \(metrics)

      """
    }
    let text = """
      project: shop
      environments:
      \(other ?? "")  live:
          deploy: {processes: {run: ./shop, ports: {a: 7001, b: 7002}}}
          traffic: \(traffic)
          metrics: \(metrics)
      promotions:
        - to: live
      """
    return Samples.problems(text).map(\.message)
  }

  private static let prometheus =
    "{prometheus: {url: 'http://127.0.0.1:9090', requests: 'r{slot=\"${slot}\"}', errors: 'e{slot=\"${slot}\"}'}}"
  private static let nginx = "{nginx: {file: /f, pid: /p, status: 'http://127.0.0.1:81/s', url: 'http://127.0.0.1:80'}}"
  private static let caddy = "{caddy: {url: 'http://127.0.0.1:80'}}"
  private static let gateway = "{gateway-api: {namespace: shop, route: app, services: {a: x, b: y}, url: 'http://h'}}"
  private static let traefik = "{traefik: {api: 'http://127.0.0.1:81', file: /d/app.yml, url: 'http://127.0.0.1:80'}}"
  private static let envoy = "{envoy: {admin: 'http://127.0.0.1:81', file: /e.json, url: 'http://127.0.0.1:80'}}"

  @Test("a plane that counts nothing per slot needs another source of metrics", arguments: [nginx, caddy, gateway])
  func uncounted(traffic: String) {
    #expect(problems(traffic, Self.prometheus) == [])
    let found = problems(traffic)
    #expect(found.count == 1)
    #expect(found.first?.contains("does not count the requests of each slot") == true, "\(found)")
  }

  @Test("one that counts needs none", arguments: [traefik, envoy])
  func counted(traffic: String) { #expect(problems(traffic) == []) }

  @Test(
    "two environments cannot share what one plane is switched by",
    arguments: [
      (nginx, ["nginx file /f is taken already in line 5"]),
      (caddy, ["handler app of Caddy http://127.0.0.1:2019 is taken already in line 5"]),
      (gateway, ["HTTPRoute shop/app of https://kubernetes.default.svc is taken already in line 5"]),
      (traefik, ["Traefik file /d/app.yml is taken already in line 5"]),
      (envoy, ["Envoy file /e.json is taken already in line 5"]),
    ])
  func shared(traffic: String, expected: [String]) throws {
    let found = problems(traffic, Self.prometheus, second: traffic)
    let first = try #require(expected.first)
    #expect(found.contains(first), "\(found)")
  }

  @Test("nginx without a way to reload, a Traefik file that Traefik passes over and names that cannot be are refused")
  func mistakes() {
    let bare = problems("{nginx: {file: /f, status: 'http://h/s', url: 'http://h'}}", Self.prometheus)
    #expect(bare == ["nothing says how nginx is reloaded"])
    #expect(problems("{traefik: {api: 'http://h', file: /d/app.json, url: 'http://h'}}").count == 1)
    for name in ["a b", "1a", "$a", "a.b", "''"] {
      #expect(problems("{envoy: {admin: 'http://h', file: /e, name: \(name), url: 'http://h'}}").count == 1, "\(name)")
      #expect(
        problems("{nginx: {file: /f, name: \(name), pid: /p, status: 'http://h/s', url: 'http://h'}}", Self.prometheus)
          .count == 1)
    }
    #expect(
      problems("{gateway-api: {namespace: A, route: ../x, services: {a: x, b: y}, url: 'http://h'}}", Self.prometheus)
        .count == 2)
  }
}
