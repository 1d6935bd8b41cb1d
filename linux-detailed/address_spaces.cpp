#include "linux-detailed/address_spaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "model/state/config.h"
#include "model/storage/tags.h"
#include "support/bits.h"

namespace isobar::linux_detailed {

using functional::kPageSize;
using functional::Memory;
using functional::Object;
using functional::Region;

u64 AddressSpaces::space_of(const std::shared_ptr<Memory>& memory) {
  const auto known = numbers_.find(memory);
  if (known != numbers_.end()) return known->second;
  spaces_.push_back({memory, {}});
  numbers_.emplace(memory, spaces_.size());
  return spaces_.size();
}

void AddressSpaces::forget() {
  virtual_.fill({});
  physical_.fill({});
}

void AddressSpaces::refuse(u64, u64 addr, unsigned size) const {
  if (refused_.empty())
    refused_ = fmt::format("an access of {} bytes at {:#x} goes from one mapping to another, which is supported in mode "
                           "functional only", size, addr);
  if (stop_ != nullptr) *stop_ = true;
}

u64 AddressSpaces::physical_part(std::map<u64, u64>& parts, u64 number, const Part& fresh) const {
  const auto [slot, is_fresh] = parts.try_emplace(number, parts_.size() + 1);
  if (is_fresh) parts_.push_back(fresh);
  if (slot->second >= limit_ / kPartSize && refused_.empty()) {
    refused_ = "there are no physical addresses left, which only mode functional does not need";
    if (stop_ != nullptr) *stop_ = true;
  }
  return slot->second % (limit_ / kPartSize) * kPartSize;
}

AddressSpaces::View AddressSpaces::look_up(u64 space, u64 addr) const {
  const u64 page = addr / kPageSize;
  VirtualPage& v = virtual_[page % kRemembered];
  if (v.space != space || v.page != page) v = {space, page, view_of(space, addr - addr % kPageSize)};
  View view = v.view;
  view.physical += addr % kPageSize;
  return view;
}

AddressSpaces::View AddressSpaces::view_of(u64 number, u64 addr) const {
  View view;
  view.end = addr + kPageSize;
  if (number == 0) return view;
  Space& space = spaces_.at(number - 1);
  const std::shared_ptr<Memory> memory = space.memory.lock();
  const Region* r = memory == nullptr ? nullptr : memory->find(addr);
  if (r == nullptr || memory->beyond_object(addr)) return view;
  view.present = true;
  view.guarded = (r->permissions & functional::kGuarded) != 0;
  view.tagged = memory->tagging() && (r->permissions & functional::kTagged) != 0;
  if ((r->permissions & functional::kRead) != 0) view.permissions |= model::kReadEl0;
  if ((r->permissions & functional::kWrite) != 0) view.permissions |= model::kReadEl0 | model::kWriteEl0;
  if ((r->permissions & functional::kExecute) != 0) view.permissions |= model::kExecEl0;
  if (r->object == nullptr) {
    const u64 part = addr / kPartSize;
    view.physical = physical_part(space.parts, part, {memory, {}, part * kPartSize}) + addr % kPartSize;
  } else {
    const u64 offset = memory->object_offset(addr), part = offset / kPartSize;
    view.physical = physical_part(objects_[r->object], part, {{}, r->object, part * kPartSize}) + offset % kPartSize;
  }
  return view;
}

bool AddressSpaces::is_executable(const Object* object) const {
  return std::any_of(spaces_.begin(), spaces_.end(), [object](const Space& s) {
    const std::shared_ptr<Memory> memory = s.memory.lock();
    return memory != nullptr && std::any_of(memory->regions().begin(), memory->regions().end(), [object](const auto& r) {
      return r.second.object.get() == object && (r.second.permissions & functional::kExecute) != 0;
    });
  });
}

AddressSpaces::PhysicalPage& AddressSpaces::page(u64 addr, bool write) const {
  PhysicalPage& p = physical_[addr / kPageSize % kRemembered];
  if (p.page != addr / kPageSize || (write && !p.writable)) p = page_of(addr, write);
  return p;
}

AddressSpaces::PhysicalPage AddressSpaces::page_of(u64 addr, bool write) const {
  PhysicalPage p;
  p.page = addr / kPageSize;
  const u64 number = addr / kPartSize;
  if (number == 0 || number > parts_.size()) return p;
  const Part& part = parts_[number - 1];
  const u64 at = align_down(part.begin + addr % kPartSize, kPageSize);
  if (const std::shared_ptr<Memory> memory = part.memory.lock()) {
    const Region* r = memory->find(at);
    if (r == nullptr || r->object != nullptr) return p;
    p.executable = (r->permissions & functional::kExecute) != 0;
    p.tagged = memory->tagging() && (r->permissions & functional::kTagged) != 0;
    const u8 nothing = 0;
    u8 first = nothing;
    // Its own copy comes with the first write.
    if (write && (memory->read(at, &first, 1, nothing) == 0 || memory->write(at, &first, 1, nothing) == 0)) return p;
    p.bytes = memory->page(at, nothing);
    p.writable = write;
  } else if (const std::shared_ptr<Object> object = part.object.lock()) {
    p.executable = is_executable(object.get());
    p.tagged = true;
    p.bytes = object->page(at).get();
    p.writable = true;
  }
  return p;
}

bool AddressSpaces::is_executable(u64 addr) const {
  return page(addr, false).executable;
}

Value AddressSpaces::granule(u64 addr) const {
  Value v;
  const bool tags = model::is_tag_location(addr);
  const PhysicalPage& p = page(tags ? model::tagged_granule(addr) : addr, false);
  if (p.bytes == nullptr || (tags && !p.tagged)) return v;
  if (tags)
    std::memcpy(&v, &p.bytes->tags[align_down(model::tagged_granule(addr) % kPageSize / functional::kGranule, sizeof v)],
                sizeof v);
  else
    std::memcpy(&v, &p.bytes->bytes[align_down(addr % kPageSize, sizeof v)], sizeof v);
  return v;
}

void AddressSpaces::write(u64 addr, unsigned size, const Value& value) {
  const bool tags = model::is_tag_location(addr);
  const PhysicalPage& p = page(tags ? model::tagged_granule(addr) : addr, true);
  if (p.bytes == nullptr || (tags && !p.tagged)) return;
  u8* to = tags ? &p.bytes->tags[model::tagged_granule(addr) % kPageSize / functional::kGranule]
                : &p.bytes->bytes[addr % kPageSize];
  std::memcpy(to, &value, size);
}

}  // namespace isobar::linux_detailed
