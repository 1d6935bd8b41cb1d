// Any file is refused with an InputError or runs, within its limits, to some end: the ELF loader, the interpreter and the
// system calls with whatever arguments the program makes up.
#include <string>

#include "linux-user/system.h"
#include "support/diagnostic.h"

extern "C" int LLVMFuzzerTestOneInput(const isobar::u8* data, std::size_t size) {
  using namespace isobar::linux_user;
  try {
    Options options;
    options.limit = 20000;
    options.page_limit = 512;
    options.thread_limit = 8;
    options.arguments = {"program", "argument"};
    options.environment = {"NAME=value"};
    options.write = [](int, const std::string&) {};
    options.read = [](isobar::u64) { return std::string(); };
    options.trace = [](const std::string&) {};
    System system(parse_elf("program", std::string(reinterpret_cast<const char*>(data), size)), options);
    system.run();
  } catch (const isobar::InputError&) {
  }
  return 0;
}
