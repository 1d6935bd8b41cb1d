// The memories of all processes as the machine sees them: one physical memory in which each has its own parts, and what
// several map is the same.
//
// Owns: physical addresses. A part of kPartSize bytes of an address space, or of a shared object, gets the next number when
// it is used for the first time; numbers are never used again. Must not know: cores, threads, what fork copies when.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "functional/memory.h"
#include "model/state/memory_map.h"

namespace isobar::linux_detailed {

class AddressSpaces final : public model::MemoryMap {
 public:
  /// `limit`: of virtual and physical addresses; `guarding`: FEAT_BTI exists.
  AddressSpaces(u64 limit, bool guarding) : limit_(limit), guarding_(guarding) {}
  /// Who wants `*stop` set when the machine cannot go on, see refused().
  void tell(bool* stop) { stop_ = stop; }

  /// TTBR0_EL1 of cores that run in `memory`.
  u64 space_of(const std::shared_ptr<functional::Memory>& memory);
  /// Does the memory of `space` still exist?
  bool exists(u64 space) const { return !spaces_.at(space - 1).memory.expired(); }
  /// Somebody else than the machine has changed memory or address spaces.
  void forget();
  /// Why the machine could not do what the program does; empty if it could.
  const std::string& refused() const { return refused_; }

  u64 limit() const override { return limit_; }
  bool guards_branches() const override { return guarding_; }
  View look_up(u64 space, u64 addr) const override;
  void refuse(u64 space, u64 addr, unsigned size) const override;
  bool is_executable(u64 addr) const override;
  Value granule(u64 addr) const override;
  void write(u64 addr, unsigned size, const Value& value) override;

 private:
  static constexpr u64 kPartSize = u64{1} << 32;
  struct Space {
    std::weak_ptr<functional::Memory> memory;
    std::map<u64, u64> parts;  ///< physical, by number of the part
  };
  /// What is at a physical part; both have expired or one is set.
  struct Part {
    std::weak_ptr<functional::Memory> memory;
    std::weak_ptr<functional::Object> object;
    u64 begin = 0;  ///< virtual address, or offset in the object
  };
  /// A page that the machine has used since forget().
  struct VirtualPage {
    u64 space = 0, page = 0;
    View view;
  };
  struct PhysicalPage {
    u64 page = 0;  ///< 0: none
    functional::Page* bytes = nullptr;
    bool writable = false;  ///< nobody else has the page
    bool tagged = false, executable = false;
  };
  static constexpr std::size_t kRemembered = 256;

  View view_of(u64 space, u64 addr) const;
  u64 physical_part(std::map<u64, u64>& parts, u64 number, const Part& fresh) const;
  PhysicalPage& page(u64 addr, bool write) const;
  PhysicalPage page_of(u64 addr, bool write) const;
  bool is_executable(const functional::Object* object) const;

  u64 limit_;
  bool guarding_;
  bool* stop_ = nullptr;
  // What the machine finds out on its way.
  mutable std::vector<Space> spaces_;  ///< number n is at n - 1
  std::map<std::weak_ptr<functional::Memory>, u64, std::owner_less<>> numbers_;
  mutable std::map<std::weak_ptr<functional::Object>, std::map<u64, u64>, std::owner_less<>> objects_;
  mutable std::vector<Part> parts_;    ///< number n is at n - 1
  mutable std::array<VirtualPage, kRemembered> virtual_;
  mutable std::array<PhysicalPage, kRemembered> physical_;
  mutable std::string refused_;
};

}  // namespace isobar::linux_detailed
