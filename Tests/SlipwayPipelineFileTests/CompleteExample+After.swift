import SlipwayModel

extension CompleteExample {
  /// What `after` in the text stands for.
  static let after = AftercareSpec(
    alive: AftercarePhaseSpec(
      until: .minutes(4), every: .seconds(15),
      checks: [
        AftercareCheck(.liveness), AftercareCheck(.readiness),
        AftercareCheck(.processes, then: .askRollback, patience: 2), AftercareCheck(.version),
        AftercareCheck(.traffic(minimum: 10), patience: 4),
        AftercareCheck(.check(.command(name: "logs", run: "./logs.sh", timeout: .minutes(1)))),
      ]),
    healthy: AftercarePhaseSpec(
      until: .minutes(20), every: .minutes(2),
      checks: [
        AftercareCheck(.errorRate(above: 0.02), then: .askRollback),
        AftercareCheck(.p99Increase(above: 0.15), patience: 4),
        AftercareCheck(.throughput(below: 0.6, above: 3), patience: 3), AftercareCheck(.dependencies),
        AftercareCheck(
          .alerts(
            AlertsSpec(
              url: SecretText("http://am:9093"), matchers: [#"severity="critical""#],
              headers: ["Authorization": SecretText("Bearer ${file:am.token}")], timeout: .seconds(4)))),
        AftercareCheck(
          .monitoring(
            MonitoringSpec(
              prometheus: SecretText("http://p:9090"), alertmanager: SecretText("http://am:9093"),
              rules: [MonitoringRule("queue", "queue_depth")], headers: ["X": SecretText("${env:X}")],
              timeout: .seconds(6)))),
        AftercareCheck(
          .check(.http(name: "cart", path: "/cart", status: 200, contains: nil, timeout: .seconds(5))),
          then: .askRollback, patience: 3),
      ]),
    lasting: AftercarePhaseSpec(
      until: .hours(12), every: .minutes(5),
      checks: [
        trend("memory", .reaches(.above, 2_000.5, within: .hours(48))),
        trend("disk-free", .reaches(.below, 10, within: .hours(168)), name: "disk", then: .askRollback),
        trend(nil, .grows(0.5, within: .hours(24)), name: "all"),
        trend("memory", .perHour(.above, 5), name: "rising"),
        trend("disk-free", .perHour(.below, 1.5), name: "falling"),
        figure(
          "orders",
          FigureSpec(
            source: .sql(url: SecretText("postgresql://shop:${env:SHOP_DB}@db/shop"), query: "SELECT 1"), drop: 0.2,
            timeout: .seconds(9))),
        figure(
          "basket",
          FigureSpec(
            source: .http(
              url: SecretText("http://bi/api"), path: "data.0.value", headers: ["K": SecretText("${env:K}")]),
            below: -1, above: 100.5)),
        figure(
          "queue",
          FigureSpec(source: .command(run: "./queue.sh", environment: ["Q": SecretText("${env:Q}")]), rise: 3)),
      ]))

  static func statistic(_ name: String, _ path: String) -> GaugeSpec {
    GaugeSpec(
      name: name,
      query: .json(url: .both(SecretText("http://10.0.0.1/stats")), path: path, headers: [:], timeout: .seconds(5)))
  }

  private static func trend(
    _ gauge: String?, _ limit: TrendSpec.Limit, name: String? = nil, then: AftercareConsequence = .alert
  ) -> AftercareCheck {
    AftercareCheck(.trend(TrendSpec(gauge: gauge, limit: limit)), name: name, then: then)
  }

  private static func figure(_ name: String, _ spec: FigureSpec) -> AftercareCheck {
    AftercareCheck(.figure(spec), name: name)
  }
}
