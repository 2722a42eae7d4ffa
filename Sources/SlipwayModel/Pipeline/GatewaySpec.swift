/// An HTTPRoute of the Kubernetes Gateway API, switched by the weights of its two backends.
package struct GatewaySpec: Codable, Sendable, Equatable {
  /// The Kubernetes API.
  package var server: String
  package var namespace: String
  /// Name of the HTTPRoute.
  package var route: String
  /// The service of each slot.
  package var serviceA: String
  package var serviceB: String
  /// The bearer token, read anew for every question, because Kubernetes renews it.
  package var token: SecretText
  /// PEM file of the API's certificate authority; nil trusts the system's.
  package var ca: String?
  /// Where clients are served.
  package var url: String

  package init(
    server: String = "https://kubernetes.default.svc", namespace: String, route: String, serviceA: String,
    serviceB: String, token: SecretText = SecretText("${file:/var/run/secrets/kubernetes.io/serviceaccount/token}"),
    ca: String? = nil, url: String
  ) {
    self.server = server
    self.namespace = namespace
    self.route = route
    self.serviceA = serviceA
    self.serviceB = serviceB
    self.token = token
    self.ca = ca
    self.url = url
  }
}
