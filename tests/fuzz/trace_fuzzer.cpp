// Any bytes: either a trace, which is then written and read again unchanged, or InputError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "support/diagnostic.h"
#include "trace/trace_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isobar;
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  try {
    const trace::Trace t = trace::read_trace(in, "fuzz.trace");
    std::ostringstream once, twice;
    trace::write_trace(once, t);
    std::istringstream again(once.str());
    trace::write_trace(twice, trace::read_trace(again, "again.trace"));
    if (once.str() != twice.str()) std::abort();
  } catch (const InputError&) {
  }
  return 0;
}
