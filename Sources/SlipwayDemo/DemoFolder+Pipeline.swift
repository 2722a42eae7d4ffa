extension DemoFolder {
  /// The demo's pipeline file: small times, real rules.
  var pipeline: String {
    """
    # yaml-language-server: $schema=slipway.schema.json
    # The pipeline of `slipway demo`. Everything in it is real, only the times are short.
    project: shop

    roles:
      release-manager: [ann, bob]

    # A demonstration on one machine: whoever says to be bob is believed. Never write `claimed: true` where it matters.
    identity: {local: true, claimed: true}

    environments:
      staging:
        deploy:
          processes:
            run: exec ./bin/slipway demo-service "$SLIPWAY_ARTIFACT" --port "$PORT"
            ports: {a: \(ports[4]), b: \(ports[5])}
        traffic:
          router: {listen: "127.0.0.1:\(ports[3])"}
        health: {path: /healthz, every: 200ms, tries: 50, timeout: 2s}
        version: {path: /version}
      production:
        protected: true            # approval, gates, automatic rollback and evidence cannot be left out here
        deploy:
          processes:
            run: exec ./bin/slipway demo-service "$SLIPWAY_ARTIFACT" --port "$PORT"
            ports: {a: \(ports[1]), b: \(ports[2])}
        traffic:
          router: {listen: "127.0.0.1:\(ports[0])"}
        health: {path: /healthz, every: 200ms, tries: 50, timeout: 2s}
        version: {path: /version}

    promotions:
      - to: staging
        rollout: {steps: [100%], watch: 1s}
        watch: {every: 250ms}

      - from: staging
        to: production
        gates:
          - verified               # this very artifact was verified in staging
          - soak: 3s               # and stayed there this long
          - tests
          - coverage: 80%
          - immutable-reference
          - no-freeze
          - rollback-target
        approval:
          by: {release-manager: 1}
          expires: 1h
        rollout:
          steps: [10%, 50%, 100%]
          watch: 5s
        watch:
          every: 250ms
          minimum_requests: 30
          patience: 30s
          rules:
            - error_rate: {roll_back_above: 5%}
            - p99: {pause_above: 2s}
            - crashes: {roll_back_above: 0}
        verify:
          before_traffic:
            - http: {name: order, path: /order, contains: '"ok":true'}
          after_rollout:
            - http: {name: order, path: /order, contains: '"ok":true'}
        rollback:
          automatic: true
          keep_blue: 24h

    """
  }
}
