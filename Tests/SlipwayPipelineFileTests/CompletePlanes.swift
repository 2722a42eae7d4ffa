import SlipwayModel

/// What the environments of the complete example mean that are there for their data planes.
extension CompleteExample {
  static let planes: [EnvironmentSpec] = [
    environment(
      "edge", 7101,
      .envoy(
        EnvoySpec(
          admin: "http://127.0.0.1:9901", file: "/etc/envoy/edge.json", name: "edge", url: "http://127.0.0.1:8101")),
      .dataPlane),
    environment(
      "mesh", 7103,
      .traefik(
        TraefikSpec(
          api: "http://127.0.0.1:8181", file: "/etc/traefik/dynamic/mesh.yml", name: "mesh", health: "/up",
          url: "http://127.0.0.1:8102")), .dataPlane),
    environment(
      "site", 7105,
      .nginx(
        NginxSpec(
          file: "/etc/nginx/slipway/site.conf", name: "site", pid: "/run/nginx.pid", test: "nginx -t",
          reload: "systemctl reload nginx", status: "http://127.0.0.1:8182/slipway", url: "http://127.0.0.1:8103")),
      prometheus),
    environment(
      "blog", 7107,
      .caddy(CaddySpec(admin: "http://127.0.0.1:2020", id: "blog", url: "http://127.0.0.1:8104")), prometheus),
    environment(
      "cluster", 7109,
      .gateway(
        GatewaySpec(
          server: "https://10.0.0.1:6443", namespace: "shop", route: "app", serviceA: "app-a", serviceB: "app-b",
          token: SecretText("${file:token}"), ca: "ops/ca.crt", url: "http://127.0.0.1:8105")), prometheus),
  ]

  private static let prometheus = MetricsSpec.prometheus(
    PrometheusSpec(
      url: SecretText("http://127.0.0.1:9090"), requests: #"r{slot="${slot}"}"#, errors: #"e{slot="${slot}"}"#))

  private static func environment(
    _ name: EnvironmentName, _ port: Int, _ traffic: TrafficSpec, _ metrics: MetricsSpec
  ) -> EnvironmentSpec {
    EnvironmentSpec(
      name: name, deploy: .processes(ProcessesSpec(run: "./\(name)", portA: port, portB: port + 1)), traffic: traffic,
      metrics: metrics)
  }
}
