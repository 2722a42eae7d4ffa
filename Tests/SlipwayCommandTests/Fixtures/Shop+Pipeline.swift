import Foundation

/// The pipeline files of the tests: real rules, small times.
extension Shop {
  /// Staging, then production with every gate of the demo.
  var wholePipeline: String {
    """
    project: shop
    identity: {local: true, claimed: true}
    roles:
      release-manager: [ann, bob]
    environments:
      staging:
        deploy:
          processes:
            run: \(serve)
            ports: {a: \(ports.stagingA), b: \(ports.stagingB)}
        traffic: {router: {listen: "127.0.0.1:\(ports.stagingFront)"}}
    \(health)
    \(production())
    promotions:
      - to: staging
        rollout: {steps: [100%], watch: 1s}
        watch: {every: 200ms}
      - from: staging
        to: production
        gates:
          - verified
          - soak: 1s
          - tests
          - coverage: 80%
          - immutable-reference
          - no-freeze
          - rollback-target
    \(rollout())
    """
  }

  /// Straight into production.
  var shortPipeline: String { pipeline() }

  /// Straight into production, with another way for traffic, other metrics, or another service.
  func pipeline(
    traffic: String? = nil, metrics: String = "", run: String? = nil, patience: String = "20s"
  ) -> String {
    """
    project: shop
    identity: {local: true, claimed: true}
    roles:
      release-manager: [ann, bob]
    environments:
    \(production(traffic: traffic, metrics: metrics, run: run))
    promotions:
      - to: production
        gates: [no-freeze]
    \(rollout(patience: patience))
    """
  }

  private var serve: String {
    #"exec '\#(program)' demo-service "\#(folder.path)/$SLIPWAY_ARTIFACT" --port "$PORT""#
  }

  private var health: String {
    """
        health: {path: /healthz, every: 200ms, tries: 100, timeout: 5s}
        version: {path: /version}
    """
  }

  private func production(traffic: String? = nil, metrics: String = "", run: String? = nil) -> String {
    """
      production:
        protected: true
        deploy:
          processes:
            run: \(run ?? serve)
            ports: {a: \(ports.a), b: \(ports.b)}
        traffic: {\(traffic ?? #"router: {listen: "127.0.0.1:\#(ports.front)"}"#)}
    \(metrics)
    \(health)
    """
  }

  private func rollout(patience: String = "20s") -> String {
    """
        approval:
          by: {release-manager: 1}
          expires: 1h
          valid_for: 30d
        rollout: {steps: [10%, 50%, 100%], watch: 1s}
        watch:
          every: 200ms
          minimum_requests: 8
          patience: \(patience)
          rules:
            - error_rate: {roll_back_above: 5%}
            - crashes: {roll_back_above: 0}
        verify:
          before_traffic:
            - http: {name: order, path: /order, contains: '"ok":true'}
          after_rollout:
            - http: {name: order, path: /order, contains: '"ok":true'}
        rollback: {automatic: true, keep_blue: 24h, roles: [release-manager]}
    """
  }
}
