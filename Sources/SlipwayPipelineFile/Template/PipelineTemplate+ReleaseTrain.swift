extension PipelineTemplate {
  static let releaseTrain = #"""
    # A release through four stages: dev, staging, canary, production, each with its own requirements.
    #
    # Not in this file: the shortcut for a hotfix, which skips a stage and needs two different approvers.

    project: platform

    roles:
      approver: [ann, bob, carol]
    identity: {local: true}

    environments:
      dev:
        deploy: {processes: {run: ./bin/platform --port $PORT, ports: {a: 7101, b: 7102}}}
        traffic: {router: {listen: 127.0.0.1:7100}}
        version: {path: /version}
      staging:
        deploy: {processes: {run: ./bin/platform --port $PORT, ports: {a: 7201, b: 7202}}}
        traffic: {router: {listen: 127.0.0.1:7200}}
        version: {path: /version}
      # A small environment that a tenth of the users are sent to.
      canary:
        protected: true
        deploy: {processes: {run: ./bin/platform --port $PORT, ports: {a: 7301, b: 7302}}}
        traffic: {router: {listen: 127.0.0.1:7300}}
        version: {path: /version}
      production:
        protected: true
        deploy: {processes: {run: ./bin/platform --port $PORT, ports: {a: 7401, b: 7402}}}
        traffic: {router: {listen: 127.0.0.1:7400}}
        version: {path: /version}

    promotions:
      - to: dev
        rollout: {steps: [100%], watch: 10s}

      # To staging: tests green, 80 % covered, nothing critical or high, code reviewed.
      - from: dev
        to: staging
        gates:
          - verified
          - tests
          - coverage: 80%
          - vulnerabilities: {critical: 0, high: 0}
          - reviews: [code, ci]
        rollout: {steps: [100%], watch: 1m}

      # To canary: end-to-end tests pass, two stable hours in staging, the scan clean; then someone agrees.
      - from: staging
        to: canary
        gates:
          - verified
          - soak: 2h
          - reviews: [e2e]
          - command: {name: load-test, run: ./load-test.sh, timeout: 30m}
          - vulnerabilities: {critical: 0, high: 0}
          - rollback-target
        approval: {by: {approver: 1}}
        rollout: {steps: [100%], watch: 5m}
        watch: &limits
          minimum_requests: 100
          rules:
            - error_rate_increase: {roll_back_above: 1%}
            - p99_increase: {alert_above: 5%, pause_above: 10%}
            - availability: {roll_back_below: 99.9%}
            - crashes: {roll_back_above: 0}

      # To production: half an hour on the canary, within the same limits.
      - from: canary
        to: production
        gates:
          - verified
          - soak: 30m
          - rollback-target
        approval: {by: {approver: 1}}
        # A hotfix skips the stay on the canary; two people agree.
        exceptions: {hotfix: {by: {approver: 2}, review: 72h}}
        rollout: {steps: [10%, 50%, 100%], watch: 5m}
        watch: *limits
        rollback: {keep_blue: 24h, roles: [approver]}

    """#
}
