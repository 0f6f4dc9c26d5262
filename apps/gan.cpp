// gan: train an unconditional GAN, sample from it, walk through its latent space.
//
//   gan train --data fashion-mnist --out runs/mine        gan sample runs/mine --out samples.png
//   gan train --out runs/mine --resume                    gan interpolate runs/mine --out walk.png
//
// The nets, losses and tricks are in models/; the loop is train_gan() in apps/support/gan/train.cpp.
#include "apps/support/command/flags.h"
#include "apps/support/gan/ask.h"

int main(int argc, char** argv) {
  CLI::App app("Train a GAN, sample from it, walk through its latent space.", "gan");
  return duel::gan_main(argc, argv, app, false);
}
