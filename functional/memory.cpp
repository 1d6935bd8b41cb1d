#include "functional/memory.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "functional/lower.h"
#include "support/bits.h"

namespace isobar::functional {

const Region* Memory::find(u64 address) const {
  auto it = regions_.upper_bound(address);
  if (it == regions_.begin()) return nullptr;
  --it;
  return address < it->second.end ? &it->second : nullptr;
}

bool Memory::covered(u64 begin, u64 end) const {
  while (begin < end) {
    const Region* r = find(begin);
    if (r == nullptr) return false;
    begin = r->end;
  }
  return true;
}

bool Memory::overlaps(u64 begin, u64 end) const {
  if (find(begin) != nullptr) return true;
  const auto it = regions_.lower_bound(begin);
  return it != regions_.end() && it->first < end;
}

/// Makes `address` the boundary of two regions if it is inside one.
void Memory::split(u64 address) {
  auto it = regions_.upper_bound(address);
  if (it == regions_.begin()) return;
  --it;
  if (it->first == address || address >= it->second.end) return;
  regions_[address] = it->second;
  it->second.end = address;
}

/// Joins neighbours with equal permissions around [begin, end].
void Memory::merge(u64 begin, u64 end) {
  auto it = regions_.upper_bound(begin);
  if (it != regions_.begin()) --it;
  if (it != regions_.begin()) --it;
  while (it != regions_.end() && it->first <= end) {
    const auto next = std::next(it);
    if (next != regions_.end() && it->second.end == next->first && it->second.permissions == next->second.permissions) {
      it->second.end = next->second.end;
      regions_.erase(next);
    } else {
      it = next;
    }
  }
}

void Memory::drop_pages(u64 begin, u64 end) {
  ++generation_;
  if ((end - begin) / kPageSize > pages_.size()) {
    std::erase_if(pages_, [&](const auto& p) { return p.first >= begin / kPageSize && p.first < end / kPageSize; });
    return;
  }
  for (u64 a = begin; a < end; a += kPageSize) pages_.erase(a / kPageSize);
}

void Memory::unmap(u64 begin, u64 end) {
  split(begin);
  split(end);
  regions_.erase(regions_.lower_bound(begin), regions_.lower_bound(end));
  drop_pages(begin, end);
}

void Memory::map(u64 begin, u64 end, u8 permissions) {
  unmap(begin, end);
  if (begin == end) return;
  regions_[begin] = {end, permissions};
  merge(begin, end);
}

void Memory::protect(u64 begin, u64 end, u8 permissions) {
  split(begin);
  split(end);
  for (auto it = regions_.lower_bound(begin); it != regions_.end() && it->first < end; ++it)
    it->second.permissions = static_cast<u8>(permissions | (it->second.permissions & kTagged));
  merge(begin, end);
  ++generation_;
}

void Memory::discard(u64 begin, u64 end) {
  drop_pages(begin, end);
}

void Memory::move(u64 from, u64 to, u64 size) {
  ++generation_;
  for (u64 offset = 0; offset < size; offset += kPageSize) {
    auto node = pages_.extract((from + offset) / kPageSize);
    if (node.empty()) continue;
    node.key() = (to + offset) / kPageSize;
    node.mapped()->code.reset();
    pages_.erase(node.key());
    pages_.insert(std::move(node));
  }
}

Page* Memory::page(u64 address, u8 needed) {
  const Region* region = find(address);
  if (region == nullptr) return nullptr;
  const u8 allowed = (region->permissions & kWrite) != 0 ? region->permissions | kRead : region->permissions;
  if ((allowed & needed) != needed) return nullptr;
  std::unique_ptr<Page>& slot = pages_[address / kPageSize];
  if (slot == nullptr) {
    if (pages_.size() > page_limit_) {  // the slot counts
      pages_.erase(address / kPageSize);
      exhausted_ = true;
      return nullptr;
    }
    slot = std::make_unique<Page>();
  }
  return slot.get();
}

u64 Memory::read(u64 address, void* to, u64 size, u8 needed) {
  u64 done = 0;
  while (done < size) {
    const u64 at = address + done, offset = at % kPageSize;
    const Page* p = page(at, needed);
    if (p == nullptr) break;
    const u64 part = std::min(size - done, kPageSize - offset);
    std::memcpy(static_cast<u8*>(to) + done, p->bytes.data() + offset, part);
    done += part;
  }
  return done;
}

u64 Memory::write(u64 address, const void* from, u64 size, u8 needed) {
  u64 done = 0;
  while (done < size) {
    const u64 at = address + done, offset = at % kPageSize;
    Page* p = page(at, needed);
    if (p == nullptr) break;
    const u64 part = std::min(size - done, kPageSize - offset);
    std::memcpy(p->bytes.data() + offset, static_cast<const u8*>(from) + done, part);
    if (is_watched(*p)) {
      for (u64 line = align_down(at, kLineSize); line < at + part; line += kLineSize) invalidate_line(line);
    }
    done += part;
  }
  return done;
}

bool Memory::is_tagged(u64 address) const {
  const Region* r = tagging_ ? find(address) : nullptr;
  return r != nullptr && (r->permissions & kTagged) != 0;
}

u8 Memory::tag(u64 address) {
  const Page* p = is_tagged(address) ? page(address, 0) : nullptr;
  return p == nullptr ? u8{0} : p->tags[address % kPageSize / kGranule];
}

void Memory::set_tag(u64 address, u8 tag) {
  if (Page* p = is_tagged(address) ? page(address, 0) : nullptr) p->tags[address % kPageSize / kGranule] = tag;
}

CodePage* Memory::code(u64 address) {
  Page* p = page(address, kExecute);
  if (p == nullptr) return nullptr;
  if (p->code == nullptr) {
    p->code = std::make_unique<CodePage>();
    p->code->address = align_down(address, kPageSize);
    for (Record& r : p->code->records) r.execute = fetch_line;
    p->code->records.back().execute = continue_on_next_page;
    // Stores to this page must no longer go past is_watched().
    if (coherent_fetch_) ++generation_;
  }
  return p->code.get();
}

void Memory::invalidate_line(u64 address) {
  const auto it = pages_.find(address / kPageSize);
  if (it == pages_.end() || it->second->code == nullptr) return;
  const u64 first = align_down(address % kPageSize, kLineSize) / 4;
  for (u64 i = first; i < first + kLineSize / 4; ++i) it->second->code->records[i].execute = fetch_line;
}

}  // namespace isobar::functional
