// A small HTTP/1.1 server for one page on this machine: loopback only, bounded in every respect.
//
// Owns: sockets, the reading of requests, who may ask. Must not know: what is asked. A library for this was measured: Debian's
// links OpenSSL and compression, which makes every start of the command 11 ms slower.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "support/types.h"

namespace isobar::serve {

struct Request {
  std::string method, path, body;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

struct HttpLimits {
  std::size_t head_bytes = 16 << 10;
  std::size_t body_bytes = 1 << 20;
  unsigned connections = 32;  ///< served at once; others wait in the kernel's queue
  unsigned seconds = 10;      ///< for the whole of a request to arrive, and for an answer to be taken
};

class HttpServer {
 public:
  using Handler = std::function<Response(const Request&)>;

  /// Listens on 127.0.0.1; port 0 lets the system choose. Throws InputError if the port cannot be had.
  HttpServer(u16 port, Handler handler, HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  u16 port() const { return port_; }

  /// Answers requests until `stop` is true; then waits for those that are being answered. Each connection carries one
  /// request. Requests that name another host, or come from a page of another origin, get 403 and never reach the handler.
  void run(const std::atomic<bool>& stop);

 private:
  void serve_connection(int socket) const;
  Response answer(int socket) const;

  Handler handler_;
  HttpLimits limits_;
  int listener_ = -1;
  u16 port_ = 0;
  std::atomic<unsigned> active_{0};
};

}  // namespace isobar::serve
