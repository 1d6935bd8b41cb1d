// Where symbols of a program are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linux-user/elf_image.h"

namespace isobar::linux_user {

/// What is added to the addresses of the file. A static-pie program goes to two thirds of the address space, as in Linux.
constexpr u64 load_bias(const ElfImage& image) {
  constexpr u64 kRelocatableBase = 0xaaaa'aaaa'0000;
  return image.relocatable ? kRelocatableBase : 0;
}

/// A function or object of the file, at its address when the program runs.
struct Symbol {
  u64 address = 0;
  u64 size = 0;
  std::string name;
};
/// Nullopt if the file has no such symbol, no table, or one that is not inside the file. Of several the first.
std::optional<Symbol> find_symbol(const ElfImage& image, std::string_view name);
/// All with a name, ascending; empty if the file has no usable table. At most 2^20 symbols are looked at.
std::vector<Symbol> all_symbols(const ElfImage& image);
/// "name+0x10", or the address where no symbol is.
std::string describe_address(const std::vector<Symbol>& symbols, u64 address);

}  // namespace isobar::linux_user
