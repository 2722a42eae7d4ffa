extension PipelineTemplate {
  static let productionReadiness = #"""
    # Ready for production means all five: validated in staging, approved, inside the window, a way back, and a complete
    # audit trail (which Slipway always keeps). One missing blocks, and the promotion says which.

    project: payments

    # Roles follow from the groups of the identity provider; production takes a second factor (E8).
    roles:
      platform-lead: {groups: [platform-leads], teams: [platform], mfa: true}
      release-manager: {groups: [release-managers], mfa: true}
      sre: {groups: [sre-on-call], mfa: true}
      vp-engineering: {groups: [vp-engineering], mfa: true}
    identity:
      oidc: {issuer: "https://login.example.com", client: slipway, groups: groups, teams: teams, mfa: [mfa, otp, hwk]}

    windows:
      # Weekends and evenings are outside; Friday ends before the afternoon.
      production:
        zone: Europe/Berlin
        open: [Tue-Thu 10:00-14:00, Fri 10:00-14:00]

    freezes:
      - name: quarter-end
        from: 2026-12-28T00:00:00+01:00
        until: 2027-01-04T00:00:00+01:00
        reason: the quarter is being closed
        environments: [production]

    environments:
      staging:
        deploy: {processes: {run: ./bin/payments --port $PORT, ports: {a: 7001, b: 7002}}}
        traffic: {router: {listen: 127.0.0.1:7000}}
        health: {path: /ready}
        version: {path: /version}
      production:
        protected: true
        deploy: {processes: {run: ./bin/payments --port $PORT, ports: {a: 8001, b: 8002}}}
        traffic: {router: {listen: 127.0.0.1:8000}}
        health: {path: /ready}
        version: {path: /version}
        after: standard                     # 5 minutes, 30 minutes, 24 hours: looked at, told, nothing done

    promotions:
      - to: staging
        rollout: {steps: [100%], watch: 30s}

      - from: staging
        to: production
        gates:
          - verified                        # this very artifact, in staging
          - soak: 1h                        # not yet met: the promotion waits and shows when it will be
          - vulnerabilities: {critical: 0}
          - immutable-reference             # `latest` and other moving names are refused
          - window: production
          - no-freeze
          - rollback-target                 # no previous version to go back to: blocked
        # A release manager and, as a second person, somebody on call. Nobody agrees to their own request.
        approval:
          by: {release-manager: 1, sre: 1}
          expires: 8h
          valid_for: 8h
        # Ways around single rules, each with its own people. What is not named here nobody can do, whoever asks.
        exceptions:
          emergency: {by: {vp-engineering: 1, sre: 1}, expires: 1h, review: 72h}   # any hour, with an incident; on-call is told first
          freeze: {by: {vp-engineering: 1}}                                         # in a freeze, beside the ordinary people
        rollout: {steps: [10%, 50%, 100%], watch: 5m}
        watch:
          window: 5m
          rules:
            - error_rate: {roll_back_above: 5%, alert_above: 1%}
            # More than twice as slow as what serves now.
            - p99_increase: {roll_back_above: 100%, alert_above: 10%}
            # A crash loop is more than two crashes.
            - crashes: {roll_back_above: 2, alert_above: 0}
        verify:
          after_rollout:
            - http: {name: live, path: /live}
            - http: {name: ready, path: /ready}
        rollback: {keep_blue: 24h, roles: [platform-lead, sre]}

    notify:
      - run: ./page-on-call.sh

    """#
}
