#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>

#include "gdb/stub.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/recording.h"

namespace isobar::tools {

namespace {

struct GdbOptions {
  std::string trace;
  int port = -1;
};

/// A file descriptor that is closed in the end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void fail(const std::string& what) {
  throw InputError(Diagnostic{{}, what + ": " + std::strerror(errno)});
}

bool send_all(int fd, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t n = ::write(fd, text.data() + sent, text.size() - sent);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

/// One debugger, until it leaves or its connection breaks.
void serve(gdb::History& history, int in, int out) {
  gdb::Stub stub(history);
  gdb::PacketReader reader;
  char buffer[4096];
  for (ssize_t n = 0; !stub.finished() && (n = ::read(in, buffer, sizeof buffer)) > 0;) {
    for (ssize_t k = 0; k < n && !stub.finished(); ++k) {
      const gdb::PacketReader::Got got = reader.feed(buffer[k]);
      if (got == gdb::PacketReader::Got::Nothing) continue;
      const bool whole = got == gdb::PacketReader::Got::Packet;
      if (stub.acknowledges() && !send_all(out, whole ? "+" : "-")) return;
      if (!whole) continue;
      if (const auto reply = stub.answer(reader.packet()); reply && !send_all(out, gdb::framed(*reply))) return;
    }
  }
}

void serve_on_port(gdb::History& history, int port) {
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
  if (*listener < 0) fail("cannot make a socket");
  const int yes = 1;
  ::setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<u16>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(*listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(*listener, 1) != 0)
    fail("cannot listen on port " + std::to_string(port) + " of the loopback");
  socklen_t size = sizeof address;
  ::getsockname(*listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::fprintf(stderr, "Waiting for 'target remote localhost:%d'\n", ntohs(address.sin_port));
  const Descriptor debugger(::accept(*listener, nullptr, nullptr));
  if (*debugger < 0) fail("no connection");
  serve(history, *debugger, *debugger);
}

ExitStatus debug(const GdbOptions& options) {
  std::istringstream in(read_file(options.trace));
  const trace::Trace t = trace::read_trace(in, options.trace);
  const Workload w = workload_of(t, options.trace);
  gdb::History history(w, viewers::make_timeline(w, steps_of(t, options.trace)));
  if (options.port >= 0)
    serve_on_port(history, options.port);
  else
    serve(history, STDIN_FILENO, STDOUT_FILENO);
  return ExitStatus::AsExpected;
}

}  // namespace

void add_gdb(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("gdb", "Debug a recorded run with GDB, forwards and backwards");
  auto options = std::make_shared<GdbOptions>();
  sub->add_option("TRACE", options->trace, "Trace written by run --trace, explore --witness or step")
      ->type_name("")
      ->required();
  sub->add_option("--port", options->port, "Listen on this port of the loopback (default: GDB is a pipe away)")
      ->type_name("P")
      ->check(CLI::Range(0, 65535).description(""));
  sub->footer("In GDB: target remote | isobar gdb TRACE");
  sub->callback([&chosen, options] { chosen = [options] { return debug(*options); }; });
}

}  // namespace isobar::tools
