// A static AArch64 ELF program as its file describes it.
//
// Owns: reading and checking the file. Must not know: memory, processes. Everything that is wrong is an InputError.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/types.h"

namespace isobar::linux_user {

/// One loadable segment; addresses as linked, not yet relocated.
struct Segment {
  u64 address = 0;
  u64 memory_size = 0;
  u64 offset = 0;  ///< in the file
  u64 file_size = 0;
  u8 permissions = 0;  ///< functional::kRead ...
};

struct ElfImage {
  std::string file;      ///< its name, for messages
  std::string contents;  ///< the whole file
  std::vector<Segment> segments;  ///< ascending, not overlapping
  u64 entry = 0;
  u64 headers = 0;  ///< address of the program headers; 0 if no segment has them
  u16 header_size = 0;
  u16 header_count = 0;
  bool relocatable = false;  ///< static-pie
  bool executable_stack = false;
  bool guards_branches = false;  ///< marked as made for PROT_BTI (GNU_PROPERTY_AARCH64_FEATURE_1_BTI)
};

/// Checks `contents` of file `file`. Throws InputError: not ELF, other class, byte order or machine, not a program,
/// dynamically linked, segments outside the file or the address space, overlapping or too large.
ElfImage parse_elf(std::string file, std::string contents);

}  // namespace isobar::linux_user
