// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/groups.hpp>
#include <aha/core/logit_columns.hpp>
#include <aha/core/logit_rows.hpp>
#include <aha/loss/token_batch.hpp>

/// The glue reads a call's arguments once for every engine, as views of host memory. Here they get the memory space that
/// they have: the place of every array has been checked where it was looked at.
namespace aha_python {

template <class T>
aha::column<T, aha::device> on_device(aha::column<T> const& c) {
  aha::column<T, aha::device> d;
  d.data = c.data;
  d.rank = c.rank;
  d.rows = c.rows;
  d.width = c.width;
  d.row_stride = c.row_stride;
  return d;
}
inline aha::index_view<aha::device> on_device(aha::index_view<> const& v) {
  aha::index_view<aha::device> d;
  d.data = v.data;
  d.wide = v.wide;
  d.rank = v.rank;
  d.rows = v.rows;
  d.width = v.width;
  d.row_stride = v.row_stride;
  return d;
}
inline aha::mask_view<aha::device> on_device(aha::mask_view<> const& m) {
  aha::mask_view<aha::device> d;
  d.data = m.data;
  d.type = static_cast<aha::mask_view<aha::device>::kind>(m.type);
  d.rank = m.rank;
  d.rows = m.rows;
  d.width = m.width;
  d.row_stride = m.row_stride;
  return d;
}
template <class View>
auto on_device(aha::scoped<View> const& s) {
  return aha::scoped<decltype(on_device(s.values))>(s.scope, on_device(s.values));
}
inline aha::layout<aha::device> on_device(aha::layout<> const& l) {
  aha::layout<aha::device> d;
  d.type = static_cast<aha::layout<aha::device>::kind>(l.type);
  d.sequences = l.sequences;
  d.width = l.width;
  d.index = on_device(l.index);
  d.mask = on_device(l.mask);
  return d;
}
inline aha::groups<aha::device> on_device(aha::groups<> const& g) {
  using to = aha::groups<aha::device>;
  return g.type() == aha::groups<>::kind::ids ? to::by_id(on_device(g.index())) : to::by_offsets(on_device(g.index()));
}
template <class T>
aha::span<T, aha::device> on_device(aha::span<T> const& s) {
  return {s.data_handle(), s.size()};
}
template <class T>
aha::token_batch<aha::device, T> on_device(aha::token_batch<aha::host, T> const& b) {
  using from = aha::token_batch<aha::host, T>;
  using to = aha::token_batch<aha::device, T>;
  to d;
  d.layout = on_device(b.layout);
  aha::column<T const, aha::device> columns[16];
  int n = 0;
  from::columns(b, [&](std::string_view, unsigned, auto const& c) { columns[n++] = on_device<T const>(c); });
  n = 0;
  to::columns(d, [&](std::string_view, unsigned, auto& c) { c = columns[n++]; });
  d.old_logp.on_policy = b.old_logp.on_policy;
  d.adv = on_device(b.adv);
  d.weight = on_device(b.weight);
  d.keep = on_device(b.keep);
  d.mask = on_device(b.mask);
  d.length = on_device(b.length);
  d.prompt_tokens = on_device(b.prompt_tokens);
  d.totals = b.totals;
  d.scale = b.scale;
  return d;
}
template <class T>
aha::outputs<T, aha::device> on_device(aha::outputs<T> const& o) {
  aha::column<T, aha::device> columns[aha::active_inputs + 1];
  int n = 0;
  aha::outputs<T>::each(o, [&](std::string_view, auto const& c) { columns[n++] = on_device(c); });
  aha::outputs<T, aha::device> d;
  n = 0;
  aha::outputs<T, aha::device>::each(d, [&](std::string_view, auto& c) { c = columns[n++]; });
  return d;
}
inline aha::logit_rows<aha::device> on_device(aha::logit_rows<> const& r) {
  aha::logit_rows<aha::device> d;
  static_cast<aha::logit_layout&>(d) = r;
  d.data = r.data;
  d.targets = on_device(r.targets);
  d.temperature = r.temperature;
  d.vocab_offset = r.vocab_offset;
  d.vocab_size = r.vocab_size;
  return d;
}
inline aha::logit_gradient<aha::device> on_device(aha::logit_gradient<> const& g) {
  aha::logit_gradient<aha::device> d;
  static_cast<aha::logit_layout&>(d) = g;
  d.data = g.data;
  d.inplace = g.inplace;
  return d;
}
template <class T>
aha::logp_outputs<T, aha::device> on_device(aha::logp_outputs<T> const& o) {
  return {on_device(o.logp), on_device(o.lse), on_device(o.entropy), on_device(o.max), on_device(o.log_sum)};
}

}  // namespace aha_python
