# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# Builds both programs from a tarball of the release. Set url and sha256 to those of the release; SHA256SUMS has the sum.
class SigmasightChat < Formula
  desc "Ask the SigmaSight portfolio chat from a shell or a script"
  homepage "https://sigmasight.example/"
  url "https://sigmasight.example/releases/sigmasight-chat-2.0.0.tar.xz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "pkgconf" => :build
  depends_on "libmicrohttpd"
  depends_on "yajl"
  uses_from_macos "curl"

  def install
    system "./configure", "--enable-mock", "--disable-link-order", *std_configure_args
    system "make", "install"
  end

  test do
    (testpath/"answer.sse").write <<~SSE
      event: message
      data: {"delta":"Ten positions."}

      event: done
      data: {}

    SSE
    assert_equal "Ten positions.\n", shell_output("#{bin}/sigmasight-chat decode answer.sse")
  end
end
